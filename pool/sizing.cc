#include "pool/sizing.h"

#include <algorithm>

namespace pgsluice {

namespace {

size_t Less(size_t a, size_t b) { return a > b ? a - b : 0; }

}  // namespace

MaintenancePlan PlanMaintenance(const PoolSnapshot& snapshot, const PoolOptions& options,
                                absl::Time now) {
  MaintenancePlan plan;
  size_t open = snapshot.open;
  for (const IdleSession& session : snapshot.idle) {
    const bool is_unused = options.idle_timeout > absl::ZeroDuration() &&
                           now - session.idle_since >= options.idle_timeout;
    if (snapshot.is_retired) {
      plan.close.emplace_back(session.id, CloseReason::kRetired);
    } else if (now >= session.expires_at) {
      plan.close.emplace_back(session.id, CloseReason::kLifetime);
    } else if (is_unused && open > options.min_size) {
      plan.close.emplace_back(session.id, CloseReason::kIdle);
    } else {
      continue;
    }
    --open;
  }
  if (snapshot.is_retired) return plan;
  plan.connects_to_start =
      ConnectsWanted(open, snapshot.connecting, snapshot.idle.size() - plan.close.size(),
                     snapshot.waiters, options, now, snapshot.next_dial_allowed);
  return plan;
}

size_t ConnectsWanted(size_t open, size_t connecting, size_t idle, size_t waiters,
                      const PoolOptions& options, absl::Time now,
                      absl::Time next_dial_allowed) {
  if (now < next_dial_allowed) return 0;
  const size_t for_waiters = Less(waiters, idle + connecting);
  const size_t for_min = Less(options.min_size, open + connecting);
  const size_t room = Less(options.max_size, open + connecting);
  const size_t dials = Less(options.max_concurrent_connects, connecting);
  return std::min({std::max(for_waiters, for_min), room, dials});
}

}  // namespace pgsluice
