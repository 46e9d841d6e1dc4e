// grpc.reflection.v1 and v1alpha: one implementation, since their messages differ in
// package only.
#pragma once

#include <memory>
#include <utility>

#include "asio/awaitable.hpp"

#include "server/pending_read.h"
#include "server/reflection_answers.h"
#include "server/rpc.h"

namespace pgsluice {

template <class Request, class Response>
asio::awaitable<void> ServeReflection(
    std::shared_ptr<BidiStreamCall<Request, Response>> call,
    const ReflectionAnswers& answers) {
  using Reader = RequestReader<BidiStreamCall<Request, Response>, Request>;
  grpc::Status status = grpc::Status::OK;
  {
    Reader reader(call, /*window=*/1);
    auto on_stop = call->stop().Subscribe([&reader](StopReason) { reader.Wake(); });
    call->on_drain = [&call](absl::Duration) {
      call->stop().Stop(StopReason::kDraining);
    };
    while (true) {
      Request request;
      const auto outcome = co_await reader.Next(request, absl::InfiniteFuture());
      if (call->stop().is_stopped()) {
        status =
            grpc::Status(grpc::StatusCode::UNAVAILABLE, "the gateway is shutting down");
        break;
      }
      if (outcome == Reader::Outcome::kHalfClosed) break;
      if (outcome != Reader::Outcome::kRequest) continue;
      const Response response = AnswerReflection<Response>(answers, request);
      const bool is_taken = co_await call->Write(response);
      if (!is_taken) break;
    }
    call->on_drain = nullptr;
  }
  call->Ended();
  co_await call->Finish(status);
}

}  // namespace pgsluice
