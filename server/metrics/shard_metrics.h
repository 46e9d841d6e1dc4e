// What one shard counts for the metrics: a table of its own, so that counting costs no
// lock. Written by the shard, read by any thread; a scrape adds up those of all shards.
#pragma once

#include "server/metrics/route_counters.h"
#include "server/metrics/rpc_counters.h"
#include "server/metrics/shard_counter.h"
#include "server/metrics/statement_counters.h"
#include "server/metrics/transaction_counters.h"

namespace pgsluice {

struct ShardMetrics {
  RpcTable rpcs;
  StatementCounters statements;
  TransactionCounters transactions;
  RouteCounters routes;
  ShardCounter idempotency_replays;
};

}  // namespace pgsluice
