// WatchPoolStats: the pools in figures at an interval, and at once when an alert fires or
// clears, until the caller leaves or the server drains.
#pragma once

#include <memory>

#include "asio/awaitable.hpp"

#include "pgsluice/v1/pool_stats.pb.h"
#include "pool/pool_monitor.h"
#include "server/call_environment.h"
#include "server/rpc.h"

namespace pgsluice {

using WatchPoolStatsCall =
    ServerStreamCall<v1::WatchPoolStatsRequest, v1::WatchPoolStatsResponse>;

asio::awaitable<void> ServeWatchPoolStats(std::shared_ptr<WatchPoolStatsCall> call,
                                          const CallEnvironment& environment,
                                          PoolMonitor& monitor);

}  // namespace pgsluice
