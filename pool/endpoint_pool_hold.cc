// What an operator asks of a pool: to pause, to go on, to renew its sessions.
#include <utility>

#include "pool/endpoint_pool.h"

namespace pgsluice {

void EndpointPool::UseConnector(std::shared_ptr<Connector> connector) {
  absl::MutexLock lock(&mutex_);
  connector_ = std::move(connector);
}

void EndpointPool::Renew() {
  {
    absl::MutexLock lock(&mutex_);
    ++epoch_;
    for (const auto& [id, session] : sessions_) session->is_stale = true;
  }
  Maintain();
}

// A new session is dialled for each one that goes, so that the pool stays as warm as it
// was; where none may be dialled (failures, the rate), the old one serves on.
void EndpointPool::PlaceOrRenewLocked(PooledSession* session, absl::Time now,
                                      Work& work) {
  if (!session->is_stale || gate_.MayStart(1, connecting_, now) == 0) {
    PlaceLocked(session, now, work);
    return;
  }
  CloseLocked(session, CloseReason::kRenewed, work);
  if (sessions_.size() + connecting_ < gate_.MaxOpen(now)) DialLocked(1, now, work);
}

void EndpointPool::RenewIdleLocked(absl::Time now, Work& work) {
  if (retired_for_.has_value()) return;
  const std::vector<PooledSession*> idle = idle_;
  for (PooledSession* session : idle) {
    if (!session->is_stale) continue;
    if (gate_.MayStart(1, connecting_, now) == 0) return;
    PlaceOrRenewLocked(session, now, work);
  }
}

void EndpointPool::Pause() {
  absl::MutexLock lock(&mutex_);
  is_paused_ = true;
  is_paused_view_.store(true, std::memory_order_relaxed);
}

void EndpointPool::Resume() {
  Work work;
  {
    absl::MutexLock lock(&mutex_);
    if (!is_paused_) return;
    const absl::Time now = deps_.clock->Now();
    ExpireWaitersLocked(now, work);
    is_paused_ = false;
    is_paused_view_.store(false, std::memory_order_relaxed);
    // Dials that failed meanwhile were nobody's tries.
    for (auto& [id, waiter] : waiters_) {
      waiter.failures_before = counters_.connect_failures;
    }
    const std::vector<PooledSession*> idle(idle_.rbegin(), idle_.rend());
    for (PooledSession* session : idle) {
      if (queue_.size() == 0) break;
      if (session->expires_at <= now) {
        CloseLocked(session, CloseReason::kLifetime, work);
      } else {
        PlaceLocked(session, now, work);
      }
    }
    OpenAsNeededLocked(now, work);
  }
  Do(std::move(work));
}

}  // namespace pgsluice
