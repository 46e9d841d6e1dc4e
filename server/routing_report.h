// What the gateway knows of endpoints and of changes among them, as messages.
#pragma once

#include "absl/time/time.h"

#include "pgsluice/v1/health.pb.h"
#include "pgsluice/v1/pool_stats.pb.h"
#include "pool/cluster.h"
#include "pool/topology.h"

namespace pgsluice {

v1::EndpointHealth EndpointHealthToProto(const EndpointView& view, absl::Time now);
v1::RoutingStats RoutingStatsToProto(const Cluster& cluster);

}  // namespace pgsluice
