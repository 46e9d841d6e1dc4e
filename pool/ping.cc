#include "pool/ping.h"

#include <algorithm>

namespace pgsluice {

namespace {

// Most idle sessions pinged at a tick: one in so many, but at least one.
constexpr size_t kShare = 8;

}  // namespace

std::vector<uint64_t> PlanPings(const std::vector<PingCandidate>& idle, size_t waiters,
                                absl::Duration ping_after, absl::Time now) {
  std::vector<uint64_t> pings;
  if (waiters > 0 || ping_after <= absl::ZeroDuration()) return pings;
  const size_t most = std::max<size_t>(1, idle.size() / kShare);
  for (const PingCandidate& session : idle) {
    if (pings.size() == most) break;
    if (now - session.answered_at >= ping_after) pings.push_back(session.id);
  }
  return pings;
}

}  // namespace pgsluice
