// How many sessions a pool should have: the plan of one maintenance tick. Rules file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/time/time.h"

#include "pool/options.h"
#include "pool/session_lifecycle.h"

namespace pgsluice {

struct IdleSession {
  uint64_t id = 0;
  absl::Time idle_since;
  absl::Time expires_at;
};

struct PoolSnapshot {
  std::vector<IdleSession> idle;  // Used longest ago first.
  size_t open = 0;                // Idle, leased or in maintenance.
  size_t connecting = 0;
  size_t waiters = 0;
  bool is_retired = false;
  absl::Time next_dial_allowed = absl::InfinitePast();
};

struct MaintenancePlan {
  std::vector<std::pair<uint64_t, CloseReason>> close;
  size_t connects_to_start = 0;
};

MaintenancePlan PlanMaintenance(const PoolSnapshot& snapshot, const PoolOptions& options,
                                absl::Time now);

// How many sessions to open now: one for each waiter that no idle or connecting session
// covers, and up to min_size; within max_size, the cap on concurrent connects, and never
// before the back-off is over.
size_t ConnectsWanted(size_t open, size_t connecting, size_t idle, size_t waiters,
                      const PoolOptions& options, absl::Time now,
                      absl::Time next_dial_allowed);

}  // namespace pgsluice
