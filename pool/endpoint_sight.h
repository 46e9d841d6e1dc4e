// What is told of an endpoint that serves a call. Value.
#pragma once

#include <optional>

#include "absl/time/time.h"

#include "pool/wal_position.h"

namespace pgsluice {

// What was known of an endpoint when a session with it was taken.
struct EndpointSight {
  WalPosition position;                     // Timeline 0: unknown.
  std::optional<absl::Duration> lag;        // Of a replica, by its own account.
  std::optional<absl::Duration> age;        // Of the two. Absent: it was never seen.
  std::optional<absl::Duration> staleness;  // Of a replica: see StalenessOf.
};

}  // namespace pgsluice
