#include "pool/sizing.h"

#include <algorithm>

namespace pgsluice {

namespace {

size_t Less(size_t a, size_t b) { return a > b ? a - b : 0; }

}  // namespace

std::vector<std::pair<uint64_t, CloseReason>> SessionsToClose(
    std::span<const IdleSession> idle, size_t open, const PoolOptions& options,
    absl::Time now) {
  std::vector<std::pair<uint64_t, CloseReason>> close;
  for (const IdleSession& session : idle) {
    const bool is_unused = options.idle_timeout > absl::ZeroDuration() &&
                           now - session.idle_since >= options.idle_timeout;
    if (now >= session.expires_at) {
      close.emplace_back(session.id, CloseReason::kLifetime);
    } else if (open > options.max_size) {
      close.emplace_back(session.id, CloseReason::kExcess);
    } else if (is_unused && open > options.min_size) {
      close.emplace_back(session.id, CloseReason::kIdle);
    } else {
      continue;
    }
    --open;
  }
  return close;
}

size_t SessionsWanted(const PoolCounts& counts, size_t min_size, size_t max_open) {
  const size_t all = counts.open + counts.connecting;
  const size_t for_waiters = Less(counts.waiters, counts.idle + counts.connecting);
  const size_t for_min = Less(min_size, all);
  return std::min(std::max(for_waiters, for_min), Less(max_open, all));
}

}  // namespace pgsluice
