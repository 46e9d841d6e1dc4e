// Which idle sessions are asked whether they are still there. Rules file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"

namespace pgsluice {

struct PingCandidate {
  uint64_t id = 0;
  absl::Time answered_at;  // When the session was last heard of.
};

// For one maintenance tick. None while somebody waits, and never all at once: a session
// that is pinged is not there for callers. `ping_after` zero: none.
std::vector<uint64_t> PlanPings(const std::vector<PingCandidate>& idle, size_t waiters,
                                absl::Duration ping_after, absl::Time now);

}  // namespace pgsluice
