#include "server/health_calls.h"

#include <optional>

#include "asio/post.hpp"

#include "server/waker.h"

namespace pgsluice {

namespace {

using Response = grpc::health::v1::HealthCheckResponse;

Response::ServingStatus StatusOf(const std::string& name,
                                 const HealthRegistry& registry) {
  const std::optional<bool> is_serving = IsServing(name, registry.state().facts);
  if (!is_serving.has_value()) return Response::SERVICE_UNKNOWN;
  return *is_serving ? Response::SERVING : Response::NOT_SERVING;
}

// Names come from outside and may be megabytes long; no client takes that in an answer.
std::string UnknownService(const std::string& name) {
  constexpr size_t kMostBytes = 100;
  return name.size() > kMostBytes ? "no such service" : "no service \"" + name + "\"";
}

}  // namespace

asio::awaitable<void> ServeCheck(std::shared_ptr<CheckCall> call,
                                 const HealthRegistry& registry) {
  Response response;
  response.set_status(StatusOf(call->request.service(), registry));
  const grpc::Status status = response.status() == Response::SERVICE_UNKNOWN
                                  ? grpc::Status(grpc::StatusCode::NOT_FOUND,
                                                 UnknownService(call->request.service()))
                                  : grpc::Status::OK;
  call->Ended();
  co_await call->Finish(response, status);
}

asio::awaitable<void> ServeWatch(std::shared_ptr<WatchCall> call,
                                 HealthRegistry& registry) {
  auto waker = std::make_shared<Waker>(call->shard().loop());
  const auto listener =
      registry.listeners().Add([waker, executor = call->shard().executor()] {
        asio::post(executor, [waker] { waker->Wake(); });
      });
  call->on_drain = [&call](absl::Duration) { call->stop().Stop(StopReason::kDraining); };
  {
    auto on_stop = call->stop().Subscribe([waker](StopReason) { waker->Wake(); });
    std::optional<Response::ServingStatus> told;
    while (!call->stop().is_stopped()) {
      const Response::ServingStatus now = StatusOf(call->request.service(), registry);
      if (told != now) {
        told = now;
        Response response;
        response.set_status(now);
        const bool is_taken = co_await call->Write(response);
        if (!is_taken) break;
        continue;
      }
      co_await waker->Wait(absl::InfiniteDuration());
    }
  }
  registry.listeners().Remove(listener);
  call->on_drain = nullptr;
  call->Ended();
  co_await call->Finish(
      grpc::Status(grpc::StatusCode::UNAVAILABLE, "the gateway is shutting down"));
}

}  // namespace pgsluice
