// gRPC calls as coroutines: awaitable adapters over the completion-queue API, so that
// the code of a call reads from top to bottom. Confined to the call's shard.
#pragma once

#if __has_include(<grpcpp/impl/proto_utils.h>)  // gRPC 1.54 and later
#include <grpcpp/impl/proto_utils.h>
#else
#include <grpcpp/impl/codegen/proto_utils.h>
#endif
#include <algorithm>
#include <functional>
#include <grpcpp/server_context.h>
#include <grpcpp/support/async_stream.h>
#include <grpcpp/support/async_unary_call.h>
#include <memory>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "asio/async_result.hpp"
#include "asio/awaitable.hpp"
#include "asio/co_spawn.hpp"
#include "asio/detached.hpp"
#include "asio/use_awaitable.hpp"

#include "pool/stop_signal.h"
#include "pool/timer.h"
#include "server/shard.h"

namespace pgsluice {

template <class Handler>
class HandlerTag final : public CompletionTag {
 public:
  explicit HandlerTag(Handler handler) : handler_(std::move(handler)) {}
  void Complete(bool is_ok) override {
    Handler handler = std::move(handler_);
    delete this;
    std::move(handler)(is_ok);
  }

 private:
  Handler handler_;
};

// Starts an operation with a fresh tag and awaits its completion.
template <class StartOperation>
asio::awaitable<bool> AwaitTag(StartOperation start) {
  return asio::async_initiate<const asio::use_awaitable_t<>&, void(bool)>(
      [](auto handler, StartOperation start) {
        CompletionTag* tag = new HandlerTag<decltype(handler)>(std::move(handler));
        start(static_cast<void*>(tag));
      },
      asio::use_awaitable, std::move(start));
}

// What every call has: context, the signal that ends it, and its deadline. Shared by
// its coroutine and by gRPC until it says that the call is over.
class CallBase : public std::enable_shared_from_this<CallBase> {
 public:
  explicit CallBase(Shard& shard) : shard_(shard), deadline_timer_(shard.loop()) {
    context_.AsyncNotifyWhenDone(static_cast<void*>(&done_tag_));
  }
  CallBase(const CallBase&) = delete;
  CallBase& operator=(const CallBase&) = delete;
  virtual ~CallBase() = default;

  Shard& shard() { return shard_; }
  grpc::ServerContext& context() { return context_; }
  StopSignal& stop() { return stop_; }
  absl::Time started() const { return started_; }
  absl::Time deadline() const { return deadline_; }
  // True when the caller named no deadline of its own.
  bool has_default_deadline() const { return has_default_deadline_; }

  // gRPC handed the call over: from here on it will also say when it is over.
  void Accepted() {
    started_ = absl::Now();
    self_ = shared_from_this();
    shard_.calls().insert(this);
  }

  // The call ends at its own deadline, or after `longest`, whichever is first; without a
  // deadline of its own, after `if_unset`.
  void LimitTime(absl::Duration if_unset, absl::Duration longest) {
    const absl::Time own = absl::FromChrono(context_.deadline());
    has_default_deadline_ = own > started_ + absl::Hours(24 * 365);
    deadline_ = has_default_deadline_ ? started_ + std::min(if_unset, longest)
                                      : std::min(own, started_ + longest);
    // Ended() cancels it, before the call goes.
    deadline_timer_.Set(deadline_ - absl::Now(),
                        [this] { stop_.Stop(StopReason::kDeadline); });
  }

  // The coroutine is at its end: nothing may stop it any more.
  void Ended() {
    deadline_timer_.Cancel();
    shard_.calls().erase(this);
  }

  // What a call does when it is told that the server is shutting down; nothing by
  // default.
  std::function<void(absl::Duration finish_within)> on_drain;

 private:
  class DoneTag final : public CompletionTag {
   public:
    explicit DoneTag(CallBase& call) : call_(call) {}
    void Complete(bool) override {
      const std::shared_ptr<CallBase> self = std::move(call_.self_);
      if (call_.context_.IsCancelled()) {
        // At its deadline gRPC cancels the call, too.
        const bool is_late = absl::Now() >= call_.deadline_;
        call_.stop_.Stop(is_late ? StopReason::kDeadline : StopReason::kCancelled);
      }
    }

   private:
    CallBase& call_;
  };

  Shard& shard_;
  grpc::ServerContext context_;
  StopSignal stop_;
  Timer deadline_timer_;
  absl::Time started_;
  absl::Time deadline_ = absl::InfiniteFuture();
  bool has_default_deadline_ = false;
  DoneTag done_tag_{*this};
  std::shared_ptr<CallBase> self_;  // Until gRPC says that the call is over.
};

template <class Request, class Response>
class UnaryCall final : public CallBase {
 public:
  using CallBase::CallBase;

  Request request;
  grpc::ServerAsyncResponseWriter<Response> writer{&context()};

  asio::awaitable<void> Finish(const Response& response, const grpc::Status& status) {
    co_await AwaitTag([&](void* tag) {
      if (status.ok()) {
        writer.Finish(response, status, tag);
      } else {
        writer.FinishWithError(status, tag);
      }
    });
  }
};

template <class Request, class Response>
class ServerStreamCall final : public CallBase {
 public:
  using CallBase::CallBase;

  Request request;
  grpc::ServerAsyncWriter<Response> writer{&context()};

  // False when the caller is gone.
  asio::awaitable<bool> Write(const Response& response) {
    co_return co_await AwaitTag([&](void* tag) { writer.Write(response, tag); });
  }
  asio::awaitable<void> Finish(const grpc::Status& status) {
    co_await AwaitTag([&](void* tag) { writer.Finish(status, tag); });
  }
};

template <class Request, class Response>
class BidiStreamCall final : public CallBase {
 public:
  using CallBase::CallBase;

  grpc::ServerAsyncReaderWriter<Response, Request> stream{&context()};

  // False at the caller's half-close, or when it is gone.
  asio::awaitable<bool> Read(Request& request) {
    co_return co_await AwaitTag([&](void* tag) { stream.Read(&request, tag); });
  }
  asio::awaitable<bool> Write(const Response& response) {
    co_return co_await AwaitTag([&](void* tag) { stream.Write(response, tag); });
  }
  asio::awaitable<void> Finish(const grpc::Status& status) {
    co_await AwaitTag([&](void* tag) { stream.Finish(status, tag); });
  }
};

// Accepts calls of one method on one shard until the server shuts down. `request` asks
// gRPC for the next call; `handle` makes the coroutine that serves it.
template <class Call, class RequestCall, class Handle>
asio::awaitable<void> AcceptCalls(Shard& shard, RequestCall request, Handle handle) {
  while (true) {
    auto call = std::make_shared<Call>(shard);
    const bool is_ok = co_await AwaitTag([&](void* tag) { request(*call, tag); });
    if (!is_ok) co_return;
    call->Accepted();
    asio::co_spawn(shard.executor(), handle(std::move(call)), asio::detached);
  }
}

}  // namespace pgsluice
