// What a cluster is at one moment: the view of its endpoints, their pools, and the
// settings in effect. Value; immutable once made, replaced as a whole.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

#include "pool/endpoint_pool.h"
#include "pool/options.h"
#include "pool/pool_selector.h"
#include "pool/topology.h"

namespace pgsluice {

struct ClusterMember {
  Endpoint endpoint;
  // Another address for it, which takes over once it answers.
  std::optional<Endpoint> successor = {};
  // One a login, in the order of PoolsOptions, its own first; never fewer than that. Null
  // while its role is unknown, and of a login that is refused. Shared with leases.
  std::vector<std::shared_ptr<EndpointPool>> pools = {};
};

struct ClusterState {
  uint64_t version = 0;  // Rises.
  Topology topology;
  std::vector<ClusterMember> members;  // In the order of the topology's endpoints.
  // This gateway's share of what is configured.
  PoolsOptions options;
  SessionOptions session;
  absl::Duration freshness_wait;
  TopologyOptions topology_options;
  FailoverBufferOptions buffer;
  std::string zone;
  Pauses pauses;
  bool is_draining = false;

  // Its number in `options`; absent: there is none of that name.
  std::optional<size_t> FindLogin(std::string_view name) const;
  // Why a login is not to be used with an endpoint; empty: it is.
  std::string WhyLoginRefused(size_t login, size_t endpoint) const;
  // Every pool that there is.
  std::vector<std::shared_ptr<EndpointPool>> Pools() const;
};

}  // namespace pgsluice
