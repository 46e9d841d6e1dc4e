// What all shards have counted, added up at one moment. Value.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "pool/duration_histogram.h"
#include "server/metrics/shard_metrics.h"

namespace pgsluice {

struct RpcTotals {
  uint64_t started = 0;
  std::array<uint64_t, kRpcCodes> handled{};
  DurationHistogram time;
  uint64_t received = 0;
  uint64_t sent = 0;
};

struct StatementTotals {
  struct Times {
    DurationHistogram ok;
    DurationHistogram failed;
  };
  std::array<Times, kOperations> times;
  std::array<std::array<uint64_t, kRpcCodes>, kSqlstateClasses> errors{};
  uint64_t rows = 0;
  uint64_t bytes = 0;
};

struct TransactionTotals {
  std::array<uint64_t, kTransactionOutcomes> ended{};
  DurationHistogram time;
};

struct ShardTotals {
  std::array<RpcTotals, kRpcMethods> rpcs;
  std::array<StatementTotals, kPoolRoles.size()> statements;  // As kPoolRoles.
  std::array<TransactionTotals, static_cast<size_t>(TransactionKind::kCount)>
      transactions;
  // By what was requested, by pool, by reason.
  std::array<std::array<std::array<uint64_t, kRouteReasons.size()>, kPoolRoles.size()>,
             kRequestedRoutes>
      routes{};
  std::array<uint64_t, kPoolRoles.size()> without_backend{};
  uint64_t idempotency_replays = 0;

  void Add(const ShardMetrics& shard);
};

ShardTotals AddUp(const std::vector<std::unique_ptr<ShardMetrics>>& shards);

}  // namespace pgsluice
