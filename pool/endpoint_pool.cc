#include "pool/endpoint_pool.h"

#include <algorithm>
#include <utility>

namespace pgsluice {

EndpointPool::EndpointPool(EndpointPoolDeps deps)
    : deps_(std::move(deps)),
      queue_(deps_.options.max_waiters),
      backoff_(deps_.options.backoff_initial, deps_.options.backoff_max) {}

absl::StatusOr<EndpointPool::Acquired> EndpointPool::Acquire(int shard,
                                                             absl::Time deadline,
                                                             AcquireCallback callback) {
  Work work;
  absl::StatusOr<Acquired> acquired;
  {
    absl::MutexLock lock(&mutex_);
    if (retired_for_.has_value()) {
      return retired_with_;
    }
    const absl::Time now = deps_.clock->Now();
    // Who has expired is not in the way of anybody, even before the next tick.
    ExpireWaitersLocked(now, work);
    acquired = AcquireLocked(shard, now, deadline, std::move(callback), work);
  }
  Do(std::move(work));
  return acquired;
}

absl::StatusOr<EndpointPool::Acquired> EndpointPool::AcquireLocked(
    int shard, absl::Time now, absl::Time deadline, AcquireCallback callback,
    Work& work) {
  if (queue_.size() == 0) {
    if (PooledSession* session = TakeIdleLocked(shard); session != nullptr) {
      ++counters_.acquired;
      return Acquired(Lease(shared_from_this(), session));
    }
    // What is idle still is past its lifetime: it must not hold the place of another.
    while (!idle_.empty()) CloseLocked(idle_.back(), CloseReason::kLifetime, work);
  }
  const std::optional<WaiterId> waiter = queue_.Push(now, deadline);
  if (!waiter.has_value()) {
    ++counters_.queue_full;
    return QueueFull(deps_.endpoint, queue_.size());
  }
  waiters_.emplace(*waiter, Waiter{std::move(callback), now, shard});
  CountLoadLocked();
  OpenAsNeededLocked(work);
  return Acquired(*waiter);
}

void EndpointPool::EndWaiter(WaiterId waiter, const absl::Status& status) {
  Work work;
  {
    absl::MutexLock lock(&mutex_);
    if (!queue_.Remove(waiter)) return;
    ++counters_.acquire_cancelled;
    CompleteWaiterLocked(waiter, status, work);
  }
  Do(std::move(work));
}

void EndpointPool::Return(PooledSession* session) {
  const SessionFacts facts = session->session->facts();
  Work work;
  std::optional<CleanUpPlan> clean_up;
  {
    absl::MutexLock lock(&mutex_);
    const absl::Time now = deps_.clock->Now();
    session->idle_since = now;
    const ReturnDecision decision =
        DecideOnReturn(facts, session->expires_at, session->uses, deps_.options.max_uses,
                       retired_for_.has_value(), now);
    switch (decision.action) {
      case ReturnDecision::Action::kKeep: PlaceLocked(session, work); break;
      case ReturnDecision::Action::kCleanUp:
        MoveLocked(session, SessionState::kMaintenance);
        clean_up = PlanCleanUp(facts);
        if (clean_up->reset) ++counters_.resets;
        if (clean_up->cancel_statement || facts.had_uncertain_cancel) ++counters_.cancels;
        break;
      case ReturnDecision::Action::kClose:
        CloseLocked(
            session,
            decision.reason == CloseReason::kRetired ? *retired_for_ : decision.reason,
            work);
        OpenAsNeededLocked(work);
        break;
    }
  }
  if (clean_up.has_value()) {
    CleanUp(session, *clean_up,
            clean_up->cancel_statement ? CloseReason::kCancelFailed
                                       : CloseReason::kResetFailed);
  }
  Do(std::move(work));
}

void EndpointPool::Maintain() {
  Work work;
  {
    absl::MutexLock lock(&mutex_);
    const absl::Time now = deps_.clock->Now();
    ExpireWaitersLocked(now, work);
    CloseDeadLocked(work);

    PoolSnapshot snapshot{.idle = {},
                          .open = sessions_.size(),
                          .connecting = connecting_,
                          .waiters = queue_.size(),
                          .is_retired = retired_for_.has_value(),
                          .next_dial_allowed = next_dial_allowed_};
    snapshot.idle.reserve(idle_.size());
    for (const PooledSession* session : idle_) {
      snapshot.idle.push_back({session->id, session->idle_since, session->expires_at});
    }
    const MaintenancePlan plan = PlanMaintenance(snapshot, deps_.options, now);

    for (const auto& [id, reason] : plan.close) {
      CloseLocked(sessions_.at(id).get(), retired_for_.value_or(reason), work);
    }
    for (size_t i = 0; i < plan.connects_to_start; ++i) {
      ++connecting_;
      work.connect_on.push_back(next_shard_++ % deps_.shards);
    }
    PingStaleLocked(now, work);
  }
  Do(std::move(work));
}

void EndpointPool::Retire(CloseReason reason, const absl::Status& status) {
  Work work;
  {
    absl::MutexLock lock(&mutex_);
    if (retired_for_.has_value()) return;
    retired_for_ = reason;
    retired_with_ = status;
    while (!idle_.empty()) CloseLocked(idle_.back(), reason, work);
    for (WaiterId waiter : queue_.Clear()) CompleteWaiterLocked(waiter, status, work);
  }
  Do(std::move(work));
}

PoolStats EndpointPool::Stats() const {
  absl::MutexLock lock(&mutex_);
  const absl::Time now = deps_.clock->Now();
  PoolStats stats{.endpoint = deps_.endpoint,
                  .role = deps_.role,
                  .is_retired = retired_for_.has_value(),
                  .min_size = deps_.options.min_size,
                  .max_size = deps_.options.max_size,
                  .open = sessions_.size(),
                  .idle = idle_.size(),
                  .leased = leased_,
                  .maintenance = maintenance_,
                  .connecting = connecting_,
                  .waiters = queue_.size(),
                  .oldest_wait = std::nullopt,
                  .next_dial_in = std::nullopt,
                  .last_error = last_error_,
                  .counters = counters_};
  if (auto oldest = queue_.oldest_enqueued(); oldest.has_value()) {
    stats.oldest_wait = now - *oldest;
  }
  if (next_dial_allowed_ > now) stats.next_dial_in = next_dial_allowed_ - now;
  return stats;
}

std::string EndpointPool::last_error() const {
  absl::MutexLock lock(&mutex_);
  return last_error_;
}

void EndpointPool::Do(Work work) {
  if (deps_.on_session_event) {
    for (const SessionEvent& event : work.events) deps_.on_session_event(event);
  }
  for (const auto& session : work.close) session->Close();
  for (int shard : work.connect_on) Connect(shard);
  for (PooledSession* session : work.ping) Ping(session);
  for (auto& callback : work.callbacks) callback();
}

void EndpointPool::Connect(int shard) {
  deps_.connector->Connect(
      shard, deps_.clock->Now() + deps_.options.connect_timeout,
      [self = shared_from_this()](absl::StatusOr<std::shared_ptr<Session>> session) {
        self->OnConnected(std::move(session));
      });
}

void EndpointPool::OnConnected(absl::StatusOr<std::shared_ptr<Session>> session) {
  Work work;
  {
    absl::MutexLock lock(&mutex_);
    const absl::Time now = deps_.clock->Now();
    --connecting_;
    if (!session.ok()) {
      ++counters_.connect_failures;
      last_error_ = std::string(session.status().message());
      next_dial_allowed_ = now + backoff_.NextDelay(absl::Uniform(random_, 0.0, 1.0));
    } else if (retired_for_.has_value()) {
      work.close.push_back(*std::move(session));
    } else {
      ++counters_.opened;
      backoff_.Reset();
      next_dial_allowed_ = absl::InfinitePast();
      last_error_.clear();
      auto opened = std::make_unique<PooledSession>();
      opened->id = next_session_id_++;
      opened->session = *std::move(session);
      opened->idle_since = now;
      opened->expires_at =
          ExpiryOf(now, deps_.options.max_lifetime, deps_.options.lifetime_jitter,
                   absl::Uniform(random_, 0.0, 1.0));
      PooledSession* placed = opened.get();
      sessions_.emplace(placed->id, std::move(opened));
      NoteEventLocked(*placed, SessionEventKind::kOpened, CloseReason::kBroken, work);
      PlaceLocked(placed, work);
      OpenAsNeededLocked(work);
    }
  }
  Do(std::move(work));
}

PooledSession* EndpointPool::TakeIdleLocked(int shard) {
  const absl::Time now = deps_.clock->Now();
  auto newest = idle_.rend();
  for (auto it = idle_.rbegin(); it != idle_.rend(); ++it) {
    if ((*it)->expires_at <= now) continue;  // Left to the next maintenance tick.
    if (newest == idle_.rend()) newest = it;
    if ((*it)->session->shard() == shard) {
      newest = it;
      break;
    }
  }
  if (newest == idle_.rend()) return nullptr;
  PooledSession* session = *newest;
  MoveLocked(session, SessionState::kLeased);
  return session;
}

void EndpointPool::PlaceLocked(PooledSession* session, Work& work) {
  const absl::Time now = deps_.clock->Now();
  session->answered_at = now;
  std::optional<WaiterId> waiter = queue_.PopOldest(now);
  if (!waiter.has_value()) {
    MoveLocked(session, SessionState::kIdle);
    return;
  }
  MoveLocked(session, SessionState::kLeased);
  auto node = waiters_.extract(*waiter);
  ++counters_.acquired;
  ++counters_.acquired_after_wait;
  counters_.wait_total += now - node.mapped().enqueued;
  CountLoadLocked();
  // Owned by the closure, so that a lease nobody takes gives itself back.
  auto lease = std::make_shared<Lease>(shared_from_this(), session);
  work.callbacks.push_back([callback = std::move(node.mapped().callback), lease] {
    callback(std::move(*lease));
  });
}

void EndpointPool::CloseLocked(PooledSession* session, CloseReason reason, Work& work) {
  MoveLocked(session, SessionState::kClosed);
  ++counters_.closed[static_cast<size_t>(reason)];
  NoteEventLocked(*session, SessionEventKind::kClosed, reason, work);
  work.close.push_back(std::move(session->session));
  sessions_.erase(session->id);
}

void EndpointPool::OpenAsNeededLocked(Work& work) {
  if (retired_for_.has_value()) return;
  const size_t wanted =
      ConnectsWanted(sessions_.size(), connecting_, idle_.size(), queue_.size(),
                     deps_.options, deps_.clock->Now(), next_dial_allowed_);
  for (size_t i = 0; i < wanted; ++i) {
    ++connecting_;
    work.connect_on.push_back(next_shard_++ % deps_.shards);
  }
}

void EndpointPool::CompleteWaiterLocked(WaiterId id, absl::Status status, Work& work) {
  auto node = waiters_.extract(id);
  CountLoadLocked();
  work.callbacks.push_back([callback = std::move(node.mapped().callback),
                            status = std::move(status)] { callback(status); });
}

void EndpointPool::ExpireWaitersLocked(absl::Time now, Work& work) {
  for (WaiterId waiter : queue_.Expire(now)) {
    ++counters_.acquire_timeouts;
    const absl::Duration waited = now - waiters_.at(waiter).enqueued;
    CompleteWaiterLocked(waiter, AcquireTimeout(deps_.endpoint, waited, last_error_),
                         work);
  }
}

void EndpointPool::NoteEventLocked(const PooledSession& session, SessionEventKind kind,
                                   CloseReason reason, Work& work) {
  work.events.push_back({.kind = kind,
                         .endpoint = deps_.endpoint,
                         .role = deps_.role,
                         .session = session.id,
                         .reason = reason,
                         .why = {}});
}

void EndpointPool::MoveLocked(PooledSession* session, SessionState state) {
  switch (session->state) {
    case SessionState::kIdle:
      idle_.erase(std::find(idle_.rbegin(), idle_.rend(), session).base() - 1);
      break;
    case SessionState::kLeased: --leased_; break;
    case SessionState::kMaintenance: --maintenance_; break;
    case SessionState::kConnecting:
    case SessionState::kClosed: break;
  }
  session->state = state;
  switch (state) {
    case SessionState::kIdle:
      // A ping is no use: it must not keep a session from growing old.
      idle_.insert(std::upper_bound(idle_.begin(), idle_.end(), session,
                                    [](const PooledSession* a, const PooledSession* b) {
                                      return a->idle_since < b->idle_since;
                                    }),
                   session);
      break;
    case SessionState::kLeased:
      ++leased_;
      ++session->uses;
      break;
    case SessionState::kMaintenance: ++maintenance_; break;
    case SessionState::kConnecting:
    case SessionState::kClosed: break;
  }
  CountLoadLocked();
}

void EndpointPool::CountLoadLocked() {
  in_flight_.store(leased_ + queue_.size(), std::memory_order_relaxed);
}

}  // namespace pgsluice
