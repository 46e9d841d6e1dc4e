// gRPC calls as coroutines: awaitable adapters over the completion-queue API, so that
// the code of a call reads from top to bottom. Confined to the call's shard.
#pragma once

#if __has_include(<grpcpp/impl/proto_utils.h>)  // gRPC 1.54 and later
#include <grpcpp/impl/proto_utils.h>
#else
#include <grpcpp/impl/codegen/proto_utils.h>
#endif
#include <grpcpp/support/async_stream.h>
#include <grpcpp/support/async_unary_call.h>
#include <memory>
#include <utility>

#include "asio/async_result.hpp"
#include "asio/awaitable.hpp"
#include "asio/co_spawn.hpp"
#include "asio/detached.hpp"
#include "asio/use_awaitable.hpp"

#include "server/call_base.h"
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

template <class Request, class Response>
class UnaryCall final : public CallBase {
 public:
  using CallBase::CallBase;

  Request request;
  grpc::ServerAsyncResponseWriter<Response> writer{&context()};

  asio::awaitable<void> Finish(const Response& response, const grpc::Status& status) {
    if (status.ok()) CountSent();
    CountHandled(status);
    co_await AwaitTag([&](void* tag) {
      if (status.ok()) {
        writer.Finish(response, status, tag);
      } else {
        writer.FinishWithError(status, tag);
      }
    });
  }
  asio::awaitable<void> Refuse(const grpc::Status& status) {
    CountHandled(status);
    co_await AwaitTag([&](void* tag) { writer.FinishWithError(status, tag); });
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
    CountSent();
    co_return co_await AwaitTag([&](void* tag) { writer.Write(response, tag); });
  }
  asio::awaitable<void> Finish(const grpc::Status& status) {
    CountHandled(status);
    co_await AwaitTag([&](void* tag) { writer.Finish(status, tag); });
  }
  asio::awaitable<void> Refuse(const grpc::Status& status) { return Finish(status); }
};

template <class Request, class Response>
class BidiStreamCall final : public CallBase {
 public:
  using CallBase::CallBase;

  grpc::ServerAsyncReaderWriter<Response, Request> stream{&context()};

  // Read by a RequestReader, which counts what it reads.
  asio::awaitable<bool> Write(const Response& response) {
    CountSent();
    co_return co_await AwaitTag([&](void* tag) { stream.Write(response, tag); });
  }
  asio::awaitable<void> Finish(const grpc::Status& status) {
    CountHandled(status);
    co_await AwaitTag([&](void* tag) { stream.Finish(status, tag); });
  }
  asio::awaitable<void> Refuse(const grpc::Status& status) { return Finish(status); }
};

// Accepts calls of one method on one shard until the server shuts down. `request` asks
// gRPC for the next call; `handle` makes the coroutine that serves it. What comes is
// counted in `counters`, the shard's own.
template <class Call, class RequestCall, class Handle>
asio::awaitable<void> AcceptCalls(Shard& shard, RpcCounters& counters,
                                  RequestCall request, Handle handle) {
  while (true) {
    auto call = std::make_shared<Call>(shard);
    const bool is_ok = co_await AwaitTag([&](void* tag) { request(*call, tag); });
    if (!is_ok) co_return;
    call->Accepted();
    call->CountIn(counters);
    // Of other calls the one request is here already.
    if constexpr (requires { call->request; }) call->CountReceived();
    asio::co_spawn(shard.executor(), handle(std::move(call)), asio::detached);
  }
}

}  // namespace pgsluice
