// Which method is accepted on which queue, and what serves it.
#include <utility>

#include "asio/co_spawn.hpp"
#include "asio/detached.hpp"

#include "server/admin_calls.h"
#include "server/batch_call.h"
#include "server/explain_route_call.h"
#include "server/health_calls.h"
#include "server/monitoring_calls.h"
#include "server/query_call.h"
#include "server/reflection_call.h"
#include "server/resolve_call.h"
#include "server/server.h"
#include "server/server_settings.h"
#include "server/stream_query_call.h"
#include "server/top_statements_call.h"
#include "server/transaction_call.h"
#include "server/unknown_calls.h"
#include "server/watch_pool_stats_call.h"

namespace pgsluice {

// Every method is accepted on every shard; gRPC hands a call to the shard that read it.
void Server::AcceptOnShards() {
  for (auto& owned : shards_) {
    Shard& shard = *owned;
    CallerGate& gate = *gates_[static_cast<size_t>(shard.index())];
    grpc::ServerCompletionQueue* queue = shard.queue();
    RpcTable& rpcs = metrics_[static_cast<size_t>(shard.index())]->rpcs;
    const auto spawn = [&shard](asio::awaitable<void> loop) {
      asio::co_spawn(shard.executor(), std::move(loop), asio::detached);
    };
    spawn(AcceptCalls<QueryCall>(
        shard, rpcs, gate, RpcMethod::kQuery,
        [this, queue](QueryCall& call, void* tag) {
          gateway_service_.RequestQuery(&call.context(), &call.request, &call.writer,
                                        queue, queue, tag);
        },
        [](auto call, const CallEnvironment& environment) {
          return ServeQuery(std::move(call), environment);
        }));
    spawn(AcceptCalls<StreamQueryCall>(
        shard, rpcs, gate, RpcMethod::kStreamQuery,
        [this, queue](StreamQueryCall& call, void* tag) {
          gateway_service_.RequestStreamQuery(&call.context(), &call.request,
                                              &call.writer, queue, queue, tag);
        },
        [](auto call, const CallEnvironment& environment) {
          return ServeStreamQuery(std::move(call), environment);
        }));
    spawn(AcceptCalls<BatchCall>(
        shard, rpcs, gate, RpcMethod::kBatch,
        [this, queue](BatchCall& call, void* tag) {
          gateway_service_.RequestBatch(&call.context(), &call.request, &call.writer,
                                        queue, queue, tag);
        },
        [](auto call, const CallEnvironment& environment) {
          return ServeBatch(std::move(call), environment);
        }));
    spawn(AcceptCalls<TransactionCall>(
        shard, rpcs, gate, RpcMethod::kTransaction,
        [this, queue](TransactionCall& call, void* tag) {
          gateway_service_.RequestTransaction(&call.context(), &call.stream, queue, queue,
                                              tag);
        },
        [](auto call, const CallEnvironment& environment) {
          return ServeTransaction(std::move(call), environment);
        }));
    spawn(AcceptCalls<ResolveTransactionCall>(
        shard, rpcs, gate, RpcMethod::kResolveTransaction,
        [this, queue](ResolveTransactionCall& call, void* tag) {
          gateway_service_.RequestResolveTransaction(&call.context(), &call.request,
                                                     &call.writer, queue, queue, tag);
        },
        [](auto call, const CallEnvironment& environment) {
          return ServeResolveTransaction(std::move(call), environment);
        }));
    spawn(AcceptCalls<HealthCall>(
        shard, rpcs, gate, RpcMethod::kHealth,
        [this, queue](HealthCall& call, void* tag) {
          gateway_service_.RequestHealth(&call.context(), &call.request, &call.writer,
                                         queue, queue, tag);
        },
        [this](auto call, const CallEnvironment& environment) {
          return ServeHealth(std::move(call), environment, health_, certificates_.get(),
                             started_);
        }));
    spawn(AcceptCalls<PoolStatsCall>(
        shard, rpcs, gate, RpcMethod::kPoolStats,
        [this, queue](PoolStatsCall& call, void* tag) {
          gateway_service_.RequestPoolStats(&call.context(), &call.request, &call.writer,
                                            queue, queue, tag);
        },
        [this](auto call, const CallEnvironment& environment) {
          return ServePoolStats(std::move(call), environment, *monitor_);
        }));
    spawn(AcceptCalls<WatchPoolStatsCall>(
        shard, rpcs, gate, RpcMethod::kWatchPoolStats,
        [this, queue](WatchPoolStatsCall& call, void* tag) {
          gateway_service_.RequestWatchPoolStats(&call.context(), &call.request,
                                                 &call.writer, queue, queue, tag);
        },
        [this](auto call, const CallEnvironment& environment) {
          return ServeWatchPoolStats(std::move(call), environment, *monitor_);
        }));
    spawn(AcceptCalls<TopStatementsCall>(
        shard, rpcs, gate, RpcMethod::kTopStatements,
        [this, queue](TopStatementsCall& call, void* tag) {
          gateway_service_.RequestTopStatements(&call.context(), &call.request,
                                                &call.writer, queue, queue, tag);
        },
        [](auto call, const CallEnvironment& environment) {
          return ServeTopStatements(std::move(call), environment);
        }));
    spawn(AcceptCalls<ExplainRouteCall>(
        shard, rpcs, gate, RpcMethod::kExplainRoute,
        [this, queue](ExplainRouteCall& call, void* tag) {
          gateway_service_.RequestExplainRoute(&call.context(), &call.request,
                                               &call.writer, queue, queue, tag);
        },
        [](auto call, const CallEnvironment& environment) {
          return ServeExplainRoute(std::move(call), environment);
        }));
  }
  for (auto& owned : shards_) {
    Shard& shard = *owned;
    RpcCounters& counters =
        metrics_[static_cast<size_t>(shard.index())]->rpcs.of(RpcMethod::kOther);
    asio::co_spawn(shard.executor(),
                   RefuseUnknownCalls(shard, unknown_service_, counters), asio::detached);
  }
  AcceptHealth(shards_.front()->queue(), health_service_);
  if (admin_queue_ != nullptr) AcceptHealth(admin_queue_, admin_health_service_);
}

void Server::AcceptHealth(grpc::ServerCompletionQueue* queue,
                          grpc::health::v1::Health::AsyncService& service) {
  Shard& shard = *shards_.front();
  RpcTable& rpcs = metrics_.front()->rpcs;
  asio::co_spawn(shard.executor(),
                 AcceptCalls<CheckCall>(
                     shard, rpcs.of(RpcMethod::kHealthCheck),
                     [&service, queue](CheckCall& call, void* tag) {
                       service.RequestCheck(&call.context(), &call.request, &call.writer,
                                            queue, queue, tag);
                     },
                     [this](auto call) { return ServeCheck(std::move(call), health_); }),
                 asio::detached);
  asio::co_spawn(shard.executor(),
                 AcceptCalls<WatchCall>(
                     shard, rpcs.of(RpcMethod::kHealthWatch),
                     [&service, queue](WatchCall& call, void* tag) {
                       service.RequestWatch(&call.context(), &call.request, &call.writer,
                                            queue, queue, tag);
                     },
                     [this](auto call) { return ServeWatch(std::move(call), health_); }),
                 asio::detached);
}

void Server::AcceptAdmin() {
  if (admin_queue_ == nullptr || !ServesAdmin(config_)) return;
  Shard& shard = *shards_.front();
  const CallEnvironment& environment = *environments_.front();
  RpcTable& rpcs = metrics_.front()->rpcs;
  const auto spawn = [&shard](asio::awaitable<void> loop) {
    asio::co_spawn(shard.executor(), std::move(loop), asio::detached);
  };
  // No gate stands here.
  const auto audited = [this](CallBase& call, std::string_view method) {
    if (audit_.is_on()) call.set_audit(std::make_unique<CallAudit>(audit_, method));
  };
  spawn(AcceptCalls<ReloadCall>(
      shard, rpcs.of(RpcMethod::kReload),
      [this](ReloadCall& call, void* tag) {
        admin_service_.RequestReload(&call.context(), &call.request, &call.writer,
                                     admin_queue_, admin_queue_, tag);
      },
      [this, &environment, audited](auto call) {
        audited(*call, "Reload");
        return ServeReload(std::move(call), environment, *reloader_);
      }));
  spawn(AcceptCalls<PauseCall>(
      shard, rpcs.of(RpcMethod::kPause),
      [this](PauseCall& call, void* tag) {
        admin_service_.RequestPause(&call.context(), &call.request, &call.writer,
                                    admin_queue_, admin_queue_, tag);
      },
      [&environment, audited](auto call) {
        audited(*call, "Pause");
        return ServePause(std::move(call), environment);
      }));
  spawn(AcceptCalls<ResumeCall>(
      shard, rpcs.of(RpcMethod::kResume),
      [this](ResumeCall& call, void* tag) {
        admin_service_.RequestResume(&call.context(), &call.request, &call.writer,
                                     admin_queue_, admin_queue_, tag);
      },
      [&environment, audited](auto call) {
        audited(*call, "Resume");
        return ServeResume(std::move(call), environment);
      }));
  spawn(AcceptCalls<ReconnectCall>(
      shard, rpcs.of(RpcMethod::kReconnect),
      [this](ReconnectCall& call, void* tag) {
        admin_service_.RequestReconnect(&call.context(), &call.request, &call.writer,
                                        admin_queue_, admin_queue_, tag);
      },
      [&environment, audited](auto call) {
        audited(*call, "Reconnect");
        return ServeReconnect(std::move(call), environment);
      }));
}

void Server::AcceptReflection() {
  if (!config_.server().reflection()) return;
  Shard& shard = *shards_.front();
  grpc::ServerCompletionQueue* queue = shard.queue();
  CallerGate& gate = *gates_.front();
  const auto accept = [this, &shard, &gate, queue]<class Request, class Response>(
                          RpcMethod method, auto& service, Request*, Response*) {
    using Call = BidiStreamCall<Request, Response>;
    asio::co_spawn(shard.executor(),
                   AcceptCalls<Call>(
                       shard, metrics_.front()->rpcs, gate, method,
                       [&service, queue](Call& call, void* tag) {
                         service.RequestServerReflectionInfo(
                             &call.context(), &call.stream, queue, queue, tag);
                       },
                       [this](auto call, const CallEnvironment&) {
                         return ServeReflection<Request, Response>(std::move(call),
                                                                   reflection_answers_);
                       }),
                   asio::detached);
  };
  namespace now = grpc::reflection::v1;
  namespace old = grpc::reflection::v1alpha;
  accept(RpcMethod::kReflection, reflection_service_,
         static_cast<now::ServerReflectionRequest*>(nullptr),
         static_cast<now::ServerReflectionResponse*>(nullptr));
  accept(RpcMethod::kOldReflection, old_reflection_service_,
         static_cast<old::ServerReflectionRequest*>(nullptr),
         static_cast<old::ServerReflectionResponse*>(nullptr));
}

}  // namespace pgsluice
