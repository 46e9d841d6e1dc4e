// What Cluster::Acquire gives. Value.
#pragma once

#include <optional>
#include <string_view>

#include "absl/time/time.h"

#include "pool/lease.h"
#include "pool/wal_position.h"

namespace pgsluice {

// What was known of an endpoint when a session with it was taken.
struct EndpointSight {
  WalPosition position;                     // Timeline 0: unknown.
  std::optional<absl::Duration> lag;        // Of a replica, by its own account.
  std::optional<absl::Duration> age;        // Of the two. Absent: it was never seen.
  std::optional<absl::Duration> staleness;  // Of a replica: see StalenessOf.
};

// Lease and the reason for its endpoint.
struct RoutedLease {
  Lease lease;
  std::string_view reason;
  absl::Duration freshness_wait = absl::ZeroDuration();
  EndpointSight sight = {};  // If RouteRequest::wants_sight.
};

}  // namespace pgsluice
