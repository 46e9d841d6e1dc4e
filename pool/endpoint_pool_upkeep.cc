// What a pool does by itself: maintenance, opening and closing sessions. What it does for
// calls is in endpoint_pool.cc.
#include <algorithm>
#include <utility>

#include "pool/endpoint_pool.h"

namespace pgsluice {

void EndpointPool::Maintain() {
  Work work;
  {
    absl::MutexLock lock(&mutex_);
    const absl::Time now = deps_.clock->Now();
    ExpireWaitersLocked(now, work);
    EndHopelessWaitersLocked(now, work);
    CloseDeadLocked(work);

    std::vector<IdleSession> idle;
    idle.reserve(idle_.size());
    for (const PooledSession* session : idle_) {
      idle.push_back({session->id, session->idle_since, session->expires_at});
    }
    for (const auto& [id, reason] :
         SessionsToClose(idle, sessions_.size(), options_, now)) {
      CloseLocked(sessions_.at(id).get(), reason, work);
    }
    RenewIdleLocked(now, work);
    OpenAsNeededLocked(now, work);
    PingStaleLocked(now, work);
  }
  Do(std::move(work));
}

void EndpointPool::Reconfigure(const PoolOptions& options) {
  {
    absl::MutexLock lock(&mutex_);
    options_ = options;
    gate_.Reconfigure(options);
    queue_.set_max_waiters(options.max_waiters);
  }
  Maintain();
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

void EndpointPool::SendAway(const absl::Status& status) {
  Work work;
  {
    absl::MutexLock lock(&mutex_);
    for (WaiterId waiter : queue_.Clear()) CompleteWaiterLocked(waiter, status, work);
  }
  Do(std::move(work));
}

PoolStats EndpointPool::Stats() const {
  absl::MutexLock lock(&mutex_);
  const absl::Time now = deps_.clock->Now();
  PoolStats stats{.endpoint = deps_.endpoint,
                  .login = deps_.login,
                  .role = deps_.role,
                  .is_retired = retired_for_.has_value(),
                  .min_size = options_.min_size,
                  .max_size = options_.max_size,
                  .target_size = gate_.MaxOpen(now),
                  .open = sessions_.size(),
                  .idle = idle_.size(),
                  .leased = leased_,
                  .transactions = transactions_,
                  .maintenance = maintenance_,
                  .connecting = connecting_,
                  .waiters = queue_.size(),
                  .max_waiters = options_.max_waiters,
                  .is_paused = is_paused_,
                  .oldest_wait = std::nullopt,
                  .next_dial_in = std::nullopt,
                  .last_error = std::string(last_failure_.message()),
                  .counters = counters_};
  if (connector_ != nullptr) stats.counters.cancelled = connector_->cancel_counts();
  if (auto oldest = queue_.oldest_enqueued(); oldest.has_value()) {
    stats.oldest_wait = now - *oldest;
  }
  for (const auto& [id, session] : sessions_) {
    if (session->is_stale) ++stats.to_renew;
  }
  if (gate_.shut_until() > now) stats.next_dial_in = gate_.shut_until() - now;
  return stats;
}

std::string EndpointPool::last_error() const {
  absl::MutexLock lock(&mutex_);
  return std::string(last_failure_.message());
}

void EndpointPool::Do(Work work) {
  if (deps_.on_session_event) {
    for (const SessionEvent& event : work.events) deps_.on_session_event(event);
  }
  for (const auto& session : work.close) session->Close();
  if (work.trouble.has_value() && deps_.on_trouble) deps_.on_trouble(*work.trouble);
  for (int shard : work.connect_on) Connect(work, shard);
  for (PooledSession* session : work.ping) Ping(session);
  for (auto& callback : work.callbacks) callback();
}

void EndpointPool::Connect(const Work& work, int shard) {
  work.connector->Connect(
      shard, work.connect_deadline,
      [self = shared_from_this(), epoch = work.epoch,
       begun = deps_.clock->Now()](absl::StatusOr<std::shared_ptr<Session>> session) {
        self->OnConnected(epoch, begun, std::move(session));
      });
}

void EndpointPool::OnConnected(uint64_t epoch, absl::Time begun,
                               absl::StatusOr<std::shared_ptr<Session>> session) {
  Work work;
  {
    absl::MutexLock lock(&mutex_);
    const absl::Time now = deps_.clock->Now();
    --connecting_;
    if (!session.ok()) {
      GiveBackBudget();
      ++counters_.connect_failures;
      last_failure_ = session.status();
      // One that is full still serves with what is open; and where a named login cannot
      // log in, for its own fault perhaps, others can.
      const bool is_trouble = !IsServerFull(session.status()) && deps_.login.empty();
      if (is_trouble) work.trouble.emplace();
      gate_.OnFailure(IsServerFull(session.status()), sessions_.size(), queue_.size() > 0,
                      now, absl::Uniform(random_, 0.0, 1.0));
      EndHopelessWaitersLocked(now, work);
    } else if (retired_for_.has_value()) {
      GiveBackBudget();
      work.close.push_back(*std::move(session));
    } else {
      ++counters_.opened;
      counters_.connect_time.Add(now - begun);
      gate_.OnSuccess(now);
      NoteAnswerLocked(now);
      last_failure_ = absl::OkStatus();
      auto opened = std::make_unique<PooledSession>();
      opened->id = next_session_id_++;
      opened->session = *std::move(session);
      opened->dialled_at = begun;
      opened->opened_at = now;
      opened->idle_since = now;
      opened->is_stale = epoch != epoch_;
      opened->expires_at = ExpiryOf(now, options_.max_lifetime, options_.lifetime_jitter,
                                    absl::Uniform(random_, 0.0, 1.0));
      PooledSession* placed = opened.get();
      sessions_.emplace(placed->id, std::move(opened));
      NoteEventLocked(*placed, SessionEventKind::kOpened, CloseReason::kBroken, work);
      PlaceLocked(placed, now, work);
      OpenAsNeededLocked(now, work);
    }
  }
  Do(std::move(work));
}

void EndpointPool::OpenAsNeededLocked(absl::Time now, Work& work) {
  if (retired_for_.has_value()) return;
  const size_t room = RoomToHold(options_);
  const size_t holders = std::min(queue_.size(true), room - std::min(room, held_));
  const PoolCounts counts{.open = sessions_.size(),
                          .connecting = connecting_,
                          .idle = idle_.size(),
                          .waiters = is_paused_ ? 0 : queue_.size(false) + holders};
  const size_t wanted = SessionsWanted(counts, options_.min_size, gate_.MaxOpen(now));
  size_t dials = gate_.MayStart(wanted, connecting_, now);
  if (dials > 0) DialLocked(dials, now, work);
}

void EndpointPool::DialLocked(size_t dials, absl::Time now, Work& work) {
  if (deps_.budget != nullptr) dials = deps_.budget->Take(dials);
  gate_.OnStart(dials, now);
  work.connector = connector_;
  work.epoch = epoch_;
  work.connect_deadline = now + options_.connect_timeout;
  for (size_t i = 0; i < dials; ++i) {
    ++connecting_;
    work.connect_on.push_back(next_shard_++ % deps_.shards);
  }
}

void EndpointPool::GiveBackBudget() {
  if (deps_.budget != nullptr) deps_.budget->GiveBack();
}

void EndpointPool::EndHopelessWaitersLocked(absl::Time now, Work& work) {
  if (last_failure_.ok() || !sessions_.empty() || is_paused_) return;
  std::vector<WaiterId> hopeless;
  for (const auto& [id, waiter] : waiters_) {
    const uint64_t failures = counters_.connect_failures - waiter.failures_before;
    if (HasTriedEnough(failures, now - waiter.enqueued, sessions_.size(), options_)) {
      hopeless.push_back(id);
    }
  }
  for (const WaiterId id : hopeless) {
    queue_.Remove(id);
    ++counters_.gave_up;
    const absl::Duration waited = now - waiters_.at(id).enqueued;
    CompleteWaiterLocked(id, AcquireTimeout(label_, waited, last_failure_), work);
  }
}

}  // namespace pgsluice
