// The pool of one endpoint in one role: hands out sessions, queues who must wait, opens
// and closes sessions as rules decide. Thread-safe.
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

#include "pool/backoff.h"
#include "pool/clock.h"
#include "pool/lease.h"
#include "pool/options.h"
#include "pool/pool_stats.h"
#include "pool/session.h"
#include "pool/session_event.h"
#include "pool/session_lifecycle.h"
#include "pool/sizing.h"
#include "pool/wait_queue.h"

namespace pgsluice {

// A session as its pool sees it. Fields other than `session` belong to the pool's mutex.
struct PooledSession {
  uint64_t id = 0;
  std::shared_ptr<Session> session;  // Shared with its own pending work.
  SessionState state = SessionState::kConnecting;
  absl::Time idle_since;   // End of its last lease.
  absl::Time answered_at;  // When it was last heard of.
  absl::Time expires_at;
  uint64_t uses = 0;
};

struct EndpointPoolDeps {
  std::string endpoint;
  Role role = Role::kUnknown;
  PoolOptions options;
  int shards = 1;
  std::shared_ptr<Connector> connector;  // Shared with connects under way.
  const Clock* clock = nullptr;
  // Called without locks, on any thread; may be empty.
  std::function<void(const SessionEvent&)> on_session_event = {};
};

class EndpointPool final : public std::enable_shared_from_this<EndpointPool> {
 public:
  // Called once, on any thread, without locks: a lease, or why there is none.
  using AcquireCallback = std::function<void(absl::StatusOr<Lease>)>;
  using Acquired = std::variant<Lease, WaiterId>;

  explicit EndpointPool(EndpointPoolDeps deps);
  EndpointPool(const EndpointPool&) = delete;
  EndpointPool& operator=(const EndpointPool&) = delete;

  const std::string& endpoint() const { return deps_.endpoint; }
  Role role() const { return deps_.role; }

  // A lease at once if a session is idle (preferably one of `shard`); else a place in
  // the queue, and `callback` later; or RESOURCE_EXHAUSTED when the queue is full; or
  // what it was retired with.
  absl::StatusOr<Acquired> Acquire(int shard, absl::Time deadline,
                                   AcquireCallback callback) ABSL_LOCKS_EXCLUDED(mutex_);
  // Takes a waiter out of the queue and completes it with `status`; does nothing when it
  // has been completed already.
  void EndWaiter(WaiterId waiter, const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  // By Lease only.
  void Return(PooledSession* session) ABSL_LOCKS_EXCLUDED(mutex_);

  // One maintenance tick: expires waiters, closes and opens sessions.
  void Maintain() ABSL_LOCKS_EXCLUDED(mutex_);
  // Takes no new work from now on; idle sessions are closed, leased ones on return,
  // waiters completed with `status`.
  void Retire(CloseReason reason, const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);

  PoolStats Stats() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Leased sessions and waiters: what routing balances by.
  size_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }
  std::string last_error() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Waiter {
    AcquireCallback callback;
    absl::Time enqueued;
    int shard = 0;
  };
  // What is to be done once the lock is released.
  struct Work {
    std::vector<std::function<void()>> callbacks;
    std::vector<std::shared_ptr<Session>> close;
    std::vector<int> connect_on;
    std::vector<PooledSession*> ping;
    std::vector<SessionEvent> events;
  };

  void Do(Work work) ABSL_LOCKS_EXCLUDED(mutex_);
  void Connect(int shard) ABSL_LOCKS_EXCLUDED(mutex_);
  void OnConnected(absl::StatusOr<std::shared_ptr<Session>> session)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void CleanUp(PooledSession* session, const CleanUpPlan& plan, CloseReason if_failed)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void Ping(PooledSession* session) ABSL_LOCKS_EXCLUDED(mutex_);
  void OnCleaned(PooledSession* session, const CleanUpPlan& plan, CloseReason if_failed,
                 const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);

  absl::StatusOr<Acquired> AcquireLocked(int shard, absl::Time now, absl::Time deadline,
                                         AcquireCallback callback, Work& work)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  PooledSession* TakeIdleLocked(int shard) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Gives a clean session to the oldest waiter, or makes it idle.
  void PlaceLocked(PooledSession* session, Work& work)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CloseLocked(PooledSession* session, CloseReason reason, Work& work)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CloseDeadLocked(Work& work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PingStaleLocked(absl::Time now, Work& work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteEventLocked(const PooledSession& session, SessionEventKind kind,
                       CloseReason reason, Work& work)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OpenAsNeededLocked(Work& work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CompleteWaiterLocked(WaiterId id, absl::Status status, Work& work)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ExpireWaitersLocked(absl::Time now, Work& work)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void MoveLocked(PooledSession* session, SessionState state)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CountLoadLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const EndpointPoolDeps deps_;
  std::atomic<size_t> in_flight_{0};

  mutable absl::Mutex mutex_;
  std::unordered_map<uint64_t, std::unique_ptr<PooledSession>> sessions_
      ABSL_GUARDED_BY(mutex_);
  // LIFO, by idle_since: the session used last has warm caches, the others grow old and
  // leave.
  std::vector<PooledSession*> idle_ ABSL_GUARDED_BY(mutex_);
  WaitQueue queue_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<WaiterId, Waiter> waiters_ ABSL_GUARDED_BY(mutex_);
  Backoff backoff_ ABSL_GUARDED_BY(mutex_);
  absl::BitGen random_ ABSL_GUARDED_BY(mutex_);
  absl::Time next_dial_allowed_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  // Permits spent: sessions being opened.
  size_t connecting_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t leased_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t maintenance_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t next_session_id_ ABSL_GUARDED_BY(mutex_) = 1;
  int next_shard_ ABSL_GUARDED_BY(mutex_) = 0;
  std::optional<CloseReason> retired_for_ ABSL_GUARDED_BY(mutex_);
  absl::Status retired_with_ ABSL_GUARDED_BY(mutex_);
  std::string last_error_ ABSL_GUARDED_BY(mutex_);
  PoolCounters counters_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pgsluice
