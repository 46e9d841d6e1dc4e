// How many sessions a pool should have: what to open, what to close. Rules file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
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

// How many sessions there are, and how many are asked for.
struct PoolCounts {
  size_t open = 0;  // Idle, leased or in maintenance.
  size_t connecting = 0;
  size_t idle = 0;
  size_t waiters = 0;  // Those that may have a session.
};

// Idle sessions (the one used longest ago first) to close, and why: those past their
// lifetime, beyond max_size, or not needed for the idle timeout and beyond min_size.
std::vector<std::pair<uint64_t, CloseReason>> SessionsToClose(
    std::span<const IdleSession> idle, size_t open, const PoolOptions& options,
    absl::Time now);

// How many more sessions there should be: one for each waiter that no idle or connecting
// session covers, and up to min_size; at most `max_open` in all. When they may be opened
// is for DialGate to say.
size_t SessionsWanted(const PoolCounts& counts, size_t min_size, size_t max_open);

}  // namespace pgsluice
