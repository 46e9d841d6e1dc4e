// What Cluster::Acquire gives. Value.
#pragma once

#include <string_view>

#include "absl/time/time.h"

#include "pool/endpoint_sight.h"
#include "pool/lease.h"

namespace pgsluice {

// Lease and the reason for its endpoint.
struct RoutedLease {
  Lease lease;
  std::string_view reason;
  absl::Duration freshness_wait = absl::ZeroDuration();
  EndpointSight sight = {};  // If RouteRequest::wants_sight.
};

}  // namespace pgsluice
