// A read of a bidi stream that may be waited for with a time limit, and left behind.
// Confined to the call's shard.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "asio/awaitable.hpp"

#include "pool/timer.h"
#include "server/rpc.h"

namespace pgsluice {

template <class Call, class Request>
class RequestReader final {
 public:
  explicit RequestReader(std::shared_ptr<Call> call)
      : call_(std::move(call)), wake_(call_->shard().loop()) {}

  enum class Outcome {
    kRequest,     // `request` holds the next one.
    kHalfClosed,  // The caller sends no more, or is gone.
    kIdle,        // Nothing came in time; the read goes on.
    kWoken,       // Wake() was called; the read goes on.
  };

  asio::awaitable<Outcome> Next(Request& request, absl::Time until) {
    if (read_ == nullptr) {
      read_ = std::make_shared<Read>(call_, *this);
      read_->self = read_;
      call_->stream.Read(&read_->request, static_cast<CompletionTag*>(read_.get()));
    }
    while (true) {
      if (read_->is_done) {
        const bool is_ok = read_->is_ok;
        request = std::move(read_->request);
        read_ = nullptr;
        co_return is_ok ? Outcome::kRequest : Outcome::kHalfClosed;
      }
      if (std::exchange(is_woken_, false)) co_return Outcome::kWoken;
      const absl::Duration left = until - absl::Now();
      if (left <= absl::ZeroDuration()) co_return Outcome::kIdle;
      co_await wake_.Wait(left);
    }
  }

  void Wake() {
    is_woken_ = true;
    wake_.Cancel();
  }

  // The reader goes; a read under way will find nobody.
  ~RequestReader() {
    if (read_ != nullptr) read_->reader = nullptr;
  }

 private:
  // Outlives the reader until gRPC has completed it.
  struct Read final : CompletionTag {
    Read(std::shared_ptr<Call> call, RequestReader& reader)
        : call(std::move(call)), reader(&reader) {}
    void Complete(bool ok) override {
      is_done = true;
      is_ok = ok;
      if (reader != nullptr) reader->wake_.Cancel();
      call = nullptr;
      self = nullptr;  // May destroy *this.
    }
    std::shared_ptr<Call> call;  // gRPC writes into the call until then.
    RequestReader* reader;
    Request request;
    bool is_done = false;
    bool is_ok = false;
    std::shared_ptr<Read> self;
  };

  std::shared_ptr<Call> call_;
  Timer wake_;
  std::shared_ptr<Read> read_;
  bool is_woken_ = false;
};

}  // namespace pgsluice
