#include "server/metrics/shard_totals.h"

namespace pgsluice {

namespace {

void Add(const RpcCounters& shard, RpcTotals& totals) {
  // Ends before begins: none has ended that has not begun.
  for (size_t code = 0; code < kRpcCodes; ++code) {
    totals.handled[code] += shard.handled[code].value();
  }
  totals.time.Add(shard.time.value());
  totals.started += shard.started.value();
  totals.received += shard.received.value();
  totals.sent += shard.sent.value();
}

void Add(const StatementCounters::PerPool& shard, StatementTotals& totals) {
  for (size_t i = 0; i < kOperations; ++i) {
    totals.times[i].ok.Add(shard.times[i].ok.value());
    totals.times[i].failed.Add(shard.times[i].failed.value());
  }
  for (size_t i = 0; i < kSqlstateClasses; ++i) {
    for (size_t code = 0; code < kRpcCodes; ++code) {
      totals.errors[i][code] += shard.errors[i][code].value();
    }
  }
  totals.rows += shard.rows.value();
  totals.bytes += shard.bytes.value();
}

}  // namespace

void ShardTotals::Add(const ShardMetrics& shard) {
  for (size_t i = 0; i < kRpcMethods; ++i) {
    pgsluice::Add(shard.rpcs.of(static_cast<RpcMethod>(i)), rpcs[i]);
  }
  for (size_t i = 0; i < kPoolRoles.size(); ++i) {
    pgsluice::Add(shard.statements.of(kPoolRoles[i]), statements[i]);
    without_backend[i] += shard.routes.without_backend(kPoolRoles[i]);
  }
  for (size_t i = 0; i < transactions.size(); ++i) {
    const auto& kind = shard.transactions.of(static_cast<TransactionKind>(i));
    for (size_t end = 0; end < kTransactionOutcomes; ++end) {
      transactions[i].ended[end] += kind.ended[end].value();
    }
    transactions[i].time.Add(kind.time.value());
  }
  for (size_t i = 0; i < kRequestedRoutes; ++i) {
    for (size_t pool = 0; pool < kPoolRoles.size(); ++pool) {
      for (size_t reason = 0; reason < kRouteReasons.size(); ++reason) {
        routes[i][pool][reason] +=
            shard.routes.chosen(static_cast<RequestedRoute>(i), kPoolRoles[pool], reason);
      }
    }
  }
  idempotency_replays += shard.idempotency_replays.value();
}

ShardTotals AddUp(const std::vector<std::unique_ptr<ShardMetrics>>& shards) {
  ShardTotals totals;
  for (const auto& shard : shards) totals.Add(*shard);
  return totals;
}

}  // namespace pgsluice
