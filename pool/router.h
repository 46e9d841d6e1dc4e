// Where a call goes. Rules file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"

#include "pool/options.h"
#include "pool/topology.h"
#include "pool/wait_queue.h"

namespace pgsluice {

enum class Intent { kWrite, kRead };

struct Freshness {
  enum class Kind {
    kAny,     // Any replica.
    kStrong,  // Sees every acknowledged commit: the primary.
  };
  Kind kind = Kind::kAny;
};

// How busy an endpoint is.
struct LoadView {
  size_t in_flight = 0;
  bool is_ejected = false;  // Not to be used for a while.
  bool is_paused = false;   // Used only when every other one is, too.
};

struct RouteRequest {
  Intent intent = Intent::kWrite;
  Freshness freshness;
  ReadFallback fallback = ReadFallback::kPrimary;
  // Name of the endpoint where a read has failed already; empty: none. It is used again
  // only when no other may serve the read. Must outlive the routing.
  std::string_view avoid = {};
  // Not where it goes, but how it queues there.
  LeaseKind kind = LeaseKind::kStatement;
  uint64_t caller = 0;
};

struct RouteDecision {
  size_t endpoint = 0;
  Role role = Role::kUnknown;
  std::string_view reason;  // write, read, strong, fallback_no_replica
};

// Writes go to the primary even while it cannot be reached: its pool queues them.
// `loads` has one entry per endpoint; `turn` rises with each call and breaks ties.
absl::StatusOr<RouteDecision> Route(const RouteRequest& request, const Topology& topology,
                                    std::span<const LoadView> loads, uint64_t turn);

}  // namespace pgsluice
