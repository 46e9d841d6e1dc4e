// Follows how far replicas have replayed, while calls wait for that: however many wait,
// each replica is asked by one thread, one question at a time, over a control session.
// Nobody waits: nobody is asked. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "pool/endpoint.h"
#include "pool/freshness.h"

namespace pgsluice {

// Asks one replica how far it is. The real one is control/pg_replay_gauge.h; a fake lives
// in tests. Confined to one thread, but for Interrupt.
class ReplayGauge {
 public:
  virtual ~ReplayGauge() = default;
  // Blocks for a few seconds at most. An error also when it is no replica any more.
  virtual absl::StatusOr<WalReading> Ask() = 0;
  // Nothing is asked for the moment.
  virtual void Rest() = 0;
  // Makes a question under way fail soon. From any thread.
  virtual void Interrupt() = 0;
};

using GaugeFactory = std::function<std::unique_ptr<ReplayGauge>(const Endpoint&)>;

// What a call waits for.
struct ReplayWish {
  // Absent: nothing that a replica could be asked for, but another look at the probes.
  std::optional<WalPosition> position;
  // Readings of before then say nothing to it.
  absl::Time not_before = absl::InfinitePast();
};

class ReplayWatch final {
 public:
  explicit ReplayWatch(GaugeFactory make_gauge);
  ReplayWatch(const ReplayWatch&) = delete;
  ReplayWatch& operator=(const ReplayWatch&) = delete;
  // Nobody may wait any more. Interrupts questions under way and waits for their threads.
  ~ReplayWatch();

  // After each probe: the replicas to be asked from now on, and the history of the
  // cluster. Wakes those without a position; all, if anything has changed. What has a
  // lower `version` than another one before it is ignored.
  void Follow(uint64_t version, std::vector<Endpoint> replicas, Lineage lineage)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Calls `wake` once, on any thread: it is worth another look.
  uint64_t Wait(ReplayWish wish, std::function<void()> wake) ABSL_LOCKS_EXCLUDED(mutex_);
  // Without a call of it, unless that is under way already.
  void Cancel(uint64_t id) ABSL_LOCKS_EXCLUDED(mutex_);

  // The latest of one replica; absent when it was not asked of late.
  std::optional<WalReading> Latest(const std::string& endpoint) const
      ABSL_LOCKS_EXCLUDED(mutex_);
  size_t waiting() const ABSL_LOCKS_EXCLUDED(mutex_);
  uint64_t questions() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Waiter {
    ReplayWish wish;
    std::function<void()> wake;
  };
  // One replica, with its thread.
  struct Follower {
    Endpoint endpoint;
    std::unique_ptr<ReplayGauge> gauge;
    std::thread thread;
    // Under the watch's mutex:
    bool is_wanted = true;
    bool has_ended = false;
    std::optional<WalReading> latest;
  };
  using Wakes = std::vector<std::function<void()>>;

  void Run(Follower& follower) ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits until it is to ask; false: it is to end.
  bool AwaitTurn(Follower& follower, absl::Duration pause) ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether that was news.
  bool Take(Follower& follower, const absl::StatusOr<WalReading>& reading)
      ABSL_LOCKS_EXCLUDED(mutex_);
  std::list<Follower> TakeEndedLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FollowLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Takes out who waits, if so wanted only those without a position.
  enum class Whom { kAll, kWithoutPosition };
  Wakes TakeWaitersLocked(Whom whom) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool FulfilsLocked(const WalReading& reading, const ReplayWish& wish) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const GaugeFactory make_gauge_;

  mutable absl::Mutex mutex_;
  uint64_t version_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Endpoint> replicas_ ABSL_GUARDED_BY(mutex_);
  Lineage lineage_ ABSL_GUARDED_BY(mutex_);
  std::list<Follower> followers_ ABSL_GUARDED_BY(mutex_);
  std::map<uint64_t, Waiter> waiters_ ABSL_GUARDED_BY(mutex_);
  size_t wishes_ ABSL_GUARDED_BY(mutex_) = 0;  // Waiters with a position.
  uint64_t next_id_ ABSL_GUARDED_BY(mutex_) = 1;
  uint64_t questions_ ABSL_GUARDED_BY(mutex_) = 0;
  bool is_stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace pgsluice
