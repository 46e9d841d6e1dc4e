// The requests of a bidi stream, read ahead up to a window, waited for with a time limit,
// and left behind. Confined to the call's shard.
#pragma once

#include <deque>
#include <memory>
#include <utility>

#include "asio/awaitable.hpp"

#include "pool/timer.h"
#include "server/rpc.h"

namespace pgsluice {

template <class Call, class Request>
class RequestReader final {
 public:
  // Reads ahead at most `window` requests (1: none but the next one), and no more once
  // these have `kMaxAheadBytes`.
  RequestReader(std::shared_ptr<Call> call, size_t window)
      : call_(std::move(call)), wake_(call_->shard().loop()), window_(window) {}

  enum class Outcome {
    kRequest,     // `request` holds the next one.
    kHalfClosed,  // The caller sends no more, or is gone.
    kIdle,        // Nothing came in time; the read goes on.
    kWoken,       // Wake() was called; the read goes on.
  };

  asio::awaitable<Outcome> Next(Request& request, absl::Time until) {
    ReadAhead();
    while (true) {
      if (next() != nullptr) {
        request = Take();
        co_return Outcome::kRequest;
      }
      if (is_closed_) co_return Outcome::kHalfClosed;
      if (std::exchange(is_woken_, false)) co_return Outcome::kWoken;
      const absl::Duration left = until - absl::Now();
      if (left <= absl::ZeroDuration()) co_return Outcome::kIdle;
      co_await wake_.Wait(left);
    }
  }

  // The next request, if it is here already.
  const Request* next() const { return ready_.empty() ? nullptr : &ready_.front(); }
  Request Take() {
    Request request = std::move(ready_.front());
    ready_.pop_front();
    ready_bytes_ -= request.ByteSizeLong();
    ReadAhead();
    return request;
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
      const auto keep = std::move(self);
      call = nullptr;
      if (reader != nullptr) reader->OnRead(std::move(request), ok);
    }
    std::shared_ptr<Call> call;  // gRPC writes into the call until then.
    RequestReader* reader;
    Request request;
    std::shared_ptr<Read> self;
  };

  void ReadAhead() {
    const bool is_full = ready_.size() >= window_ || ready_bytes_ >= kMaxAheadBytes;
    if (read_ != nullptr || is_closed_ || (is_full && !ready_.empty())) return;
    read_ = std::make_shared<Read>(call_, *this);
    read_->self = read_;
    call_->stream.Read(&read_->request, static_cast<CompletionTag*>(read_.get()));
  }
  void OnRead(Request request, bool is_ok) {
    read_ = nullptr;
    is_closed_ = !is_ok;
    if (is_ok) {
      call_->CountReceived();
      ready_bytes_ += request.ByteSizeLong();
      ready_.push_back(std::move(request));
      ReadAhead();
    }
    wake_.Cancel();
  }

  static constexpr size_t kMaxAheadBytes = 1 << 20;

  std::shared_ptr<Call> call_;
  Timer wake_;
  const size_t window_;
  std::deque<Request> ready_;
  size_t ready_bytes_ = 0;
  std::shared_ptr<Read> read_;  // Under way.
  bool is_closed_ = false;
  bool is_woken_ = false;
};

}  // namespace pgsluice
