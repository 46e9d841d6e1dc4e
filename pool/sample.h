// A sample: one endpoint and its pool in figures, at one moment. Rules file.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "pool/endpoint.h"
#include "pool/pool_stats.h"
#include "pool/topology.h"

namespace pgsluice {

struct Sample {
  absl::Time at = absl::InfinitePast();
  Role role = Role::kUnknown;
  // Of the pool in service, that of the endpoint's own login; all zero while there is
  // none.
  size_t total = 0;     // Open sessions.
  size_t active = 0;    // Held by a call.
  size_t idle = 0;      // Held by nobody.
  size_t waiting = 0;   // Calls that wait for a session.
  size_t max_size = 0;  // What `total` may grow to.
  absl::Duration oldest_wait = absl::ZeroDuration();
  // Of the latest probe, which has a session of its own; absent when it failed.
  std::optional<absl::Duration> response_time = {};
  // Zero for a primary; absent when unknown.
  std::optional<absl::Duration> lag = {};
  std::string error = {};  // Of the latest probe; empty: none. Free of secrets.

  bool is_valid() const { return error.empty(); }
};

// `pool` is the endpoint's pool in service; null when there is none.
Sample TakeSample(const EndpointView& view, const PoolStats* pool, absl::Time now);

struct EndpointSample {
  std::string endpoint;
  Sample sample;
};

// One of each endpoint of the topology, in its order.
std::vector<EndpointSample> TakeSamples(const Topology& topology,
                                        const std::vector<PoolStats>& pools,
                                        absl::Time now);

}  // namespace pgsluice
