// Health and PoolStats: what the gateway sees, as messages.
#pragma once

#include <memory>

#include "asio/awaitable.hpp"

#include "pgsluice/v1/health.pb.h"
#include "pgsluice/v1/pool_stats.pb.h"
#include "pool/pool_monitor.h"
#include "pool/pool_stats.h"
#include "pool/topology.h"
#include "server/admission.h"
#include "server/call_environment.h"
#include "server/certificate_store.h"
#include "server/health_registry.h"
#include "server/rpc.h"

namespace pgsluice {

using HealthCall = UnaryCall<v1::HealthRequest, v1::HealthResponse>;
using PoolStatsCall = UnaryCall<v1::PoolStatsRequest, v1::PoolStatsResponse>;

// `certificates`: null without TLS.
asio::awaitable<void> ServeHealth(std::shared_ptr<HealthCall> call,
                                  const CallEnvironment& environment,
                                  const HealthRegistry& registry,
                                  const CertificateStore* certificates,
                                  absl::Time server_start);
asio::awaitable<void> ServePoolStats(std::shared_ptr<PoolStatsCall> call,
                                     const CallEnvironment& environment,
                                     const PoolMonitor& monitor);

// The answer of PoolStats, with at most `history` samples of each endpoint.
v1::PoolStatsResponse GatherPoolStats(const CallEnvironment& environment,
                                      const PoolMonitor& monitor, size_t history);

v1::EndpointPoolStats PoolStatsToProto(const PoolStats& stats);

}  // namespace pgsluice
