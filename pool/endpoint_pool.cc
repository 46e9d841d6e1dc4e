#include "pool/endpoint_pool.h"

#include <algorithm>
#include <utility>

namespace pgsluice {

EndpointPool::EndpointPool(EndpointPoolDeps deps)
    : deps_(std::move(deps)),
      label_(SessionsLabel(deps_.endpoint, deps_.login)),
      is_paused_view_(deps_.state == PoolState::kPaused),
      options_(deps_.options),
      connector_(deps_.connector),
      is_paused_(deps_.state == PoolState::kPaused),
      queue_(options_.max_waiters),
      gate_(options_) {}

absl::StatusOr<EndpointPool::Acquired> EndpointPool::Acquire(
    const AcquireRequest& request, AcquireCallback callback) {
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
    acquired = AcquireLocked(request, now, std::move(callback), work);
  }
  Do(std::move(work));
  return acquired;
}

absl::StatusOr<EndpointPool::Acquired> EndpointPool::AcquireLocked(
    const AcquireRequest& request, absl::Time now, AcquireCallback callback, Work& work) {
  // While a session is idle nobody waits who may have it.
  const bool holds = HoldsForLong(request.kind);
  const bool may_have_one = !is_paused_ && (!holds || HasRoomToHoldLocked());
  if (may_have_one && queue_.size(holds) == 0) {
    if (PooledSession* session = TakeIdleLocked(request, now); session != nullptr) {
      ++counters_.acquired;
      counters_.acquire_time.Add(absl::ZeroDuration());
      return Acquired(Lease(shared_from_this(), session));
    }
    // What is idle still is past its lifetime: it must not hold the place of another.
    while (!idle_.empty()) CloseLocked(idle_.back(), CloseReason::kLifetime, work);
  }
  if (absl::Status doomed = CheckIfDoomedLocked(request, now); !doomed.ok())
    return doomed;
  const std::optional<WaiterId> waiter = queue_.Push({.enqueued = now,
                                                      .deadline = request.deadline,
                                                      .kind = request.kind,
                                                      .caller = request.caller});
  if (!waiter.has_value()) {
    ++counters_.queue_full;
    return QueueFull(label_, queue_.size());
  }
  waiters_.emplace(*waiter, Waiter{.callback = std::move(callback),
                                   .enqueued = now,
                                   .kind = request.kind,
                                   .failures_before = counters_.connect_failures});
  CountLoadLocked();
  OpenAsNeededLocked(now, work);
  return Acquired(*waiter);
}

absl::Status EndpointPool::CheckIfDoomedLocked(const AcquireRequest& request,
                                               absl::Time now) {
  if (options_.refuse_doomed == DoomedPolicy::kOff) return absl::OkStatus();
  if (is_paused_) return absl::OkStatus();  // Nobody knows for how long.
  // More sessions may be opened yet: then nothing is certain.
  if (sessions_.size() + connecting_ < gate_.MaxOpen(now)) return absl::OkStatus();
  const std::optional<absl::Duration> wait =
      PredictWait(queue_.size(), sessions_.size(), hold_.value());
  if (!wait.has_value() || now + *wait <= request.deadline) return absl::OkStatus();
  ++counters_.doomed;
  if (options_.refuse_doomed == DoomedPolicy::kDryRun) return absl::OkStatus();
  ++counters_.doomed_refused;
  return WouldWaitTooLong(label_, *wait, request.deadline - now);
}

bool EndpointPool::HasRoomToHoldLocked() const { return held_ < RoomToHold(options_); }

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
    const bool was_held = HoldsForLong(session->kind);
    hold_.Add(now - session->leased_since);
    counters_.use_time.Add(now - session->leased_since);
    session->idle_since = now;
    if (facts.is_broken && !facts.was_given_up) {
      work.trouble = {.kind = Trouble::Kind::kSessionLost, .in_a_row = ++lost_in_a_row_};
    } else {
      NoteAnswerLocked(now);
    }
    const ReturnDecision decision =
        DecideOnReturn(facts, session->expires_at, session->uses, options_.max_uses,
                       retired_for_.has_value(), now);
    switch (decision.action) {
      case ReturnDecision::Action::kKeep: PlaceOrRenewLocked(session, now, work); break;
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
        OpenAsNeededLocked(now, work);
        break;
    }
    if (was_held) ServeFromIdleLocked(now, work);
  }
  if (clean_up.has_value()) {
    CleanUp(session, *clean_up,
            clean_up->cancel_statement ? CloseReason::kCancelFailed
                                       : CloseReason::kResetFailed);
  }
  Do(std::move(work));
}

PooledSession* EndpointPool::TakeIdleLocked(const AcquireRequest& request,
                                            absl::Time now) {
  auto newest = idle_.rend();
  for (auto it = idle_.rbegin(); it != idle_.rend(); ++it) {
    if ((*it)->expires_at <= now) continue;  // Left to the next maintenance tick.
    if (newest == idle_.rend()) newest = it;
    if ((*it)->session->shard() == request.shard) {
      newest = it;
      break;
    }
  }
  if (newest == idle_.rend()) return nullptr;
  PooledSession* session = *newest;
  LeaseLocked(session, request.kind, now);
  return session;
}

void EndpointPool::LeaseLocked(PooledSession* session, LeaseKind kind, absl::Time now) {
  MoveLocked(session, SessionState::kLeased);
  session->leased_since = now;
  session->kind = kind;
  if (HoldsForLong(kind)) ++held_;
  if (kind == LeaseKind::kTransaction) ++transactions_;
}

void EndpointPool::PlaceLocked(PooledSession* session, absl::Time now, Work& work) {
  if (sessions_.size() > options_.max_size) {
    CloseLocked(session, CloseReason::kExcess, work);
    return;
  }
  session->answered_at = now;
  // Out of its holder's hands first, who may have held it for long.
  if (session->state == SessionState::kLeased) {
    MoveLocked(session, SessionState::kMaintenance);
  }
  std::optional<WaiterId> waiter;
  if (!is_paused_) waiter = queue_.PopNext(now, HasRoomToHoldLocked());
  if (!waiter.has_value()) {
    MoveLocked(session, SessionState::kIdle);
    return;
  }
  auto node = waiters_.extract(*waiter);
  LeaseLocked(session, node.mapped().kind, now);
  ++counters_.acquired;
  ++counters_.acquired_after_wait;
  counters_.wait_total += now - node.mapped().enqueued;
  counters_.acquire_time.Add(now - node.mapped().enqueued);
  CountLoadLocked();
  // Owned by the closure, so that a lease nobody takes gives itself back.
  auto lease = std::make_shared<Lease>(shared_from_this(), session);
  work.callbacks.push_back([callback = std::move(node.mapped().callback), lease] {
    callback(std::move(*lease));
  });
}

void EndpointPool::ServeFromIdleLocked(absl::Time now, Work& work) {
  while (!is_paused_ && !idle_.empty() && HasRoomToHoldLocked() &&
         queue_.size(true) > 0 && idle_.back()->expires_at > now) {
    const size_t waiting = queue_.size();
    PlaceLocked(idle_.back(), now, work);
    if (queue_.size() == waiting) return;  // All of them are past their deadlines.
  }
}

void EndpointPool::CloseLocked(PooledSession* session, CloseReason reason, Work& work) {
  MoveLocked(session, SessionState::kClosed);
  ++counters_.closed[static_cast<size_t>(reason)];
  NoteEventLocked(*session, SessionEventKind::kClosed, reason, work);
  work.close.push_back(std::move(session->session));
  sessions_.erase(session->id);
  CountLoadLocked();
  GiveBackBudget();
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
    CompleteWaiterLocked(waiter,
                         is_paused_ ? PoolPaused(label_, waited)
                                    : AcquireTimeout(label_, waited, last_failure_),
                         work);
  }
}

void EndpointPool::NoteEventLocked(const PooledSession& session, SessionEventKind kind,
                                   CloseReason reason, Work& work) {
  work.events.push_back({.kind = kind,
                         .endpoint = deps_.endpoint,
                         .login = deps_.login,
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
    case SessionState::kLeased:
      --leased_;
      if (HoldsForLong(session->kind)) --held_;
      if (session->kind == LeaseKind::kTransaction) --transactions_;
      session->kind = LeaseKind::kStatement;
      break;
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

void EndpointPool::NoteAnswerLocked(absl::Time now) {
  lost_in_a_row_ = 0;
  answered_at_.store(absl::ToUnixNanos(now), std::memory_order_relaxed);
}

void EndpointPool::CountLoadLocked() {
  in_flight_.store(leased_ + queue_.size(), std::memory_order_relaxed);
  waiting_.store(queue_.size(), std::memory_order_relaxed);
  open_.store(sessions_.size(), std::memory_order_relaxed);
}

}  // namespace pgsluice
