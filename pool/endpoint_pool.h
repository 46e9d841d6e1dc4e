// The pool of one login with one endpoint in one role: hands out sessions, queues who
// must wait, opens and closes sessions as rules decide. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/random/random.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "pool/dial_gate.h"
#include "pool/lease.h"
#include "pool/options.h"
#include "pool/pool_stats.h"
#include "pool/pool_work.h"
#include "pool/pooled_session.h"
#include "pool/session_lifecycle.h"
#include "pool/sizing.h"
#include "pool/wait_prediction.h"
#include "pool/wait_queue.h"

namespace pgsluice {

class EndpointPool final : public std::enable_shared_from_this<EndpointPool> {
 public:
  // Called once, on any thread, without locks: a lease, or why there is none.
  using AcquireCallback = std::function<void(absl::StatusOr<Lease>)>;
  using Acquired = std::variant<Lease, WaiterId>;

  explicit EndpointPool(EndpointPoolDeps deps);
  EndpointPool(const EndpointPool&) = delete;
  EndpointPool& operator=(const EndpointPool&) = delete;

  const std::string& endpoint() const { return deps_.endpoint; }
  const std::string& login() const { return deps_.login; }
  Role role() const { return deps_.role; }

  // A lease at once if a session is idle (preferably one of the caller's shard); else a
  // place in the queue, and `callback` later; or RESOURCE_EXHAUSTED when the queue is
  // full or the wait would be longer than the deadline; or what it was retired with.
  absl::StatusOr<Acquired> Acquire(const AcquireRequest& request,
                                   AcquireCallback callback) ABSL_LOCKS_EXCLUDED(mutex_);
  // Takes a waiter out of the queue and completes it with `status`; does nothing when it
  // has been completed already.
  void EndWaiter(WaiterId waiter, const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  // By Lease only.
  void Return(PooledSession* session) ABSL_LOCKS_EXCLUDED(mutex_);

  // New settings, from now on: what is open beyond max_size is closed when it is idle.
  void Reconfigure(const PoolOptions& options) ABSL_LOCKS_EXCLUDED(mutex_);
  // Sessions opened from now on come from here.
  void UseConnector(std::shared_ptr<Connector> connector) ABSL_LOCKS_EXCLUDED(mutex_);
  // Replaces every session that is open or being opened by a new one, as fast as new ones
  // may be dialled: idle ones by and by, leased ones on return.
  void Renew() ABSL_LOCKS_EXCLUDED(mutex_);
  // The endpoint does not answer its probes: see Session::WatchClosely.
  void WatchClosely() ABSL_LOCKS_EXCLUDED(mutex_);
  // Leases that are out are not touched; sessions stay open.
  void Pause() ABSL_LOCKS_EXCLUDED(mutex_);
  void Resume() ABSL_LOCKS_EXCLUDED(mutex_);
  // One maintenance tick: expires waiters, closes and opens sessions.
  void Maintain() ABSL_LOCKS_EXCLUDED(mutex_);
  // Completes all waiters with `status`; whoever comes later may wait.
  void SendAway(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  // Takes no new work from now on; idle sessions are closed, leased ones on return,
  // waiters completed with `status`.
  void Retire(CloseReason reason, const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);

  PoolStats Stats() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Leased sessions and waiters: what routing balances by.
  size_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }
  size_t open() const { return open_.load(std::memory_order_relaxed); }
  size_t waiters() const { return waiting_.load(std::memory_order_relaxed); }
  // When a session was last given back, or opened, that had an answer.
  absl::Time answered_at() const {
    return absl::FromUnixNanos(answered_at_.load(std::memory_order_relaxed));
  }
  bool is_paused() const { return is_paused_view_.load(std::memory_order_relaxed); }
  std::string last_error() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Waiter {
    AcquireCallback callback;
    absl::Time enqueued;
    LeaseKind kind = LeaseKind::kStatement;
    uint64_t failures_before = 0;  // Failed dials when it came.
  };
  using Work = PoolWork;

  void Do(Work work) ABSL_LOCKS_EXCLUDED(mutex_);
  void Connect(const Work& work, int shard) ABSL_LOCKS_EXCLUDED(mutex_);
  void OnConnected(uint64_t epoch, absl::Time begun,
                   absl::StatusOr<std::shared_ptr<Session>> session)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void CleanUp(PooledSession* session, const CleanUpPlan& plan, CloseReason if_failed)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void Ping(PooledSession* session) ABSL_LOCKS_EXCLUDED(mutex_);
  void OnCleaned(PooledSession* session, const CleanUpPlan& plan, CloseReason if_failed,
                 const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);

  absl::StatusOr<Acquired> AcquireLocked(const AcquireRequest& request, absl::Time now,
                                         AcquireCallback callback, Work& work)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckIfDoomedLocked(const AcquireRequest& request, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  PooledSession* TakeIdleLocked(const AcquireRequest& request, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LeaseLocked(PooledSession* session, LeaseKind kind, absl::Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HasRoomToHoldLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Gives a clean session to the next waiter, or makes it idle.
  void PlaceLocked(PooledSession* session, absl::Time now, Work& work)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The same, unless it is stale and a new one may be dialled in its place.
  void PlaceOrRenewLocked(PooledSession* session, absl::Time now, Work& work)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RenewIdleLocked(absl::Time now, Work& work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // A transaction has ended: another may take an idle session.
  void ServeFromIdleLocked(absl::Time now, Work& work)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CloseLocked(PooledSession* session, CloseReason reason, Work& work)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CloseDeadLocked(Work& work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PingStaleLocked(absl::Time now, Work& work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteEventLocked(const PooledSession& session, SessionEventKind kind,
                       CloseReason reason, Work& work)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OpenAsNeededLocked(absl::Time now, Work& work)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DialLocked(size_t dials, absl::Time now, Work& work)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void GiveBackBudget();
  void CompleteWaiterLocked(WaiterId id, absl::Status status, Work& work)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ExpireWaitersLocked(absl::Time now, Work& work)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Those that have seen enough dials fail.
  void EndHopelessWaitersLocked(absl::Time now, Work& work)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void MoveLocked(PooledSession* session, SessionState state)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteAnswerLocked(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CountLoadLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const EndpointPoolDeps deps_;
  const std::string label_;  // What errors call it.
  std::atomic<size_t> in_flight_{0};
  // Views of what the mutex guards, for routing.
  std::atomic<bool> is_paused_view_{false};
  std::atomic<size_t> open_{0};
  std::atomic<size_t> waiting_{0};
  std::atomic<int64_t> answered_at_{0};  // Unix time in nanoseconds.

  mutable absl::Mutex mutex_;
  PoolOptions options_ ABSL_GUARDED_BY(mutex_);
  // Shared with connects under way.
  std::shared_ptr<Connector> connector_ ABSL_GUARDED_BY(mutex_);
  bool is_paused_ ABSL_GUARDED_BY(mutex_) = false;
  // Rises with each Renew: a session dialled in an earlier one is stale.
  uint64_t epoch_ ABSL_GUARDED_BY(mutex_) = 0;
  std::unordered_map<uint64_t, std::unique_ptr<PooledSession>> sessions_
      ABSL_GUARDED_BY(mutex_);
  // LIFO, by idle_since: the session used last has warm caches, the others grow old and
  // leave.
  std::vector<PooledSession*> idle_ ABSL_GUARDED_BY(mutex_);
  WaitQueue queue_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<WaiterId, Waiter> waiters_ ABSL_GUARDED_BY(mutex_);
  DialGate gate_ ABSL_GUARDED_BY(mutex_);
  HoldAverage hold_ ABSL_GUARDED_BY(mutex_);
  absl::BitGen random_ ABSL_GUARDED_BY(mutex_);
  // Permits spent: sessions being opened.
  size_t connecting_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t leased_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t held_ ABSL_GUARDED_BY(mutex_) = 0;          // Of these, for long.
  size_t transactions_ ABSL_GUARDED_BY(mutex_) = 0;  // Of those, by transactions.
  size_t maintenance_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t lost_in_a_row_ ABSL_GUARDED_BY(mutex_) = 0;  // In use, by the endpoint's fault.
  uint64_t next_session_id_ ABSL_GUARDED_BY(mutex_) = 1;
  int next_shard_ ABSL_GUARDED_BY(mutex_) = 0;
  std::optional<CloseReason> retired_for_ ABSL_GUARDED_BY(mutex_);
  absl::Status retired_with_ ABSL_GUARDED_BY(mutex_);
  // Of a connect; OK again when one has succeeded.
  absl::Status last_failure_ ABSL_GUARDED_BY(mutex_);
  PoolCounters counters_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pgsluice
