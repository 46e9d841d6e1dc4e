// How a pool keeps its sessions fit: clean-ups after leases, and looks at idle ones.
#include <utility>

#include "pool/endpoint_pool.h"
#include "pool/ping.h"

namespace pgsluice {

namespace {

// One harmless statement.
constexpr CleanUpPlan kPing = {.fence = true};

}  // namespace

void EndpointPool::CleanUp(PooledSession* session, const CleanUpPlan& plan,
                           CloseReason if_failed) {
  session->session->CleanUp(
      plan, [self = shared_from_this(), session, plan, if_failed](absl::Status status) {
        self->OnCleaned(session, plan, if_failed, status);
      });
}

void EndpointPool::OnCleaned(PooledSession* session, const CleanUpPlan& plan,
                             CloseReason if_failed, const absl::Status& status) {
  const bool is_broken = session->session->facts().is_broken;
  Work work;
  {
    absl::MutexLock lock(&mutex_);
    const absl::Time now = deps_.clock->Now();
    if (!status.ok() || is_broken) {
      CloseLocked(session, if_failed, work);
      work.events.back().why = std::string(status.message());
      OpenAsNeededLocked(now, work);
    } else if (retired_for_.has_value()) {
      CloseLocked(session, *retired_for_, work);
    } else {
      if (if_failed == CloseReason::kPingFailed) {
        NoteEventLocked(*session, SessionEventKind::kPinged, if_failed, work);
      } else if (plan.reset) {
        NoteEventLocked(*session, SessionEventKind::kReset, if_failed, work);
      }
      PlaceOrRenewLocked(session, now, work);
    }
  }
  Do(std::move(work));
}

void EndpointPool::Ping(PooledSession* session) {
  CleanUp(session, kPing, CloseReason::kPingFailed);
}

void EndpointPool::WatchClosely() {
  std::vector<std::shared_ptr<Session>> sessions;
  {
    absl::MutexLock lock(&mutex_);
    sessions.reserve(sessions_.size());
    for (const auto& [id, pooled] : sessions_) sessions.push_back(pooled->session);
  }
  for (const auto& session : sessions) session->WatchClosely();
}

// One look at each idle socket, which does not block.
void EndpointPool::CloseDeadLocked(Work& work) {
  for (size_t i = idle_.size(); i-- > 0;) {
    if (!idle_[i]->session->LooksAlive()) {
      CloseLocked(idle_[i], CloseReason::kBroken, work);
    }
  }
}

// Off the idle stack while it lasts, so that no caller gets a session that is being
// asked.
void EndpointPool::PingStaleLocked(absl::Time now, Work& work) {
  std::vector<PingCandidate> candidates;
  candidates.reserve(idle_.size());
  for (const PooledSession* session : idle_) {
    candidates.push_back({session->id, session->answered_at});
  }
  for (uint64_t id : PlanPings(candidates, queue_.size(), options_.ping_after, now)) {
    PooledSession* session = sessions_.at(id).get();
    MoveLocked(session, SessionState::kMaintenance);
    ++counters_.pings;
    work.ping.push_back(session);
  }
}

}  // namespace pgsluice
