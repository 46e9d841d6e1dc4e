#include "server/unknown_calls.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"

#include "server/rpc.h"

namespace pgsluice {

namespace {

// Of a name that is told to who has sent it.
constexpr size_t kMostNameBytes = 200;

struct UnknownCall {
  grpc::GenericServerContext context;
  grpc::GenericServerAsyncReaderWriter stream{&context};
};

asio::awaitable<void> Refuse(std::shared_ptr<UnknownCall> call, RpcCounters& counters) {
  const absl::Time begun = absl::Now();
  counters.OnStarted();
  const std::string name = call->context.method().substr(0, kMostNameBytes);
  const grpc::Status status(grpc::StatusCode::UNIMPLEMENTED,
                            "no method \"" + name + "\"");
  counters.OnHandled(status.error_code(), absl::Now() - begun);
  co_await AwaitTag([&](void* tag) { call->stream.Finish(status, tag); });
}

}  // namespace

asio::awaitable<void> RefuseUnknownCalls(Shard& shard, grpc::AsyncGenericService& service,
                                         RpcCounters& counters) {
  grpc::ServerCompletionQueue* queue = shard.queue();
  while (true) {
    auto call = std::make_shared<UnknownCall>();
    const bool is_ok = co_await AwaitTag([&](void* tag) {
      service.RequestCall(&call->context, &call->stream, queue, queue, tag);
    });
    if (!is_ok) co_return;
    asio::co_spawn(shard.executor(), Refuse(std::move(call), counters), asio::detached);
  }
}

}  // namespace pgsluice
