// The gateway's memory of its endpoints: looks at them at every tick, keeps a sample now
// and then, and tells when an alert fires or clears. Thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "pool/alert.h"
#include "pool/clock.h"
#include "pool/endpoint_monitor.h"
#include "pool/listeners.h"
#include "pool/sample.h"

namespace pgsluice {

struct PoolMonitorDeps {
  MonitorOptions options;  // At first.
  const Clock* clock = nullptr;
  // One sample of each endpoint there is, in order. Called without locks.
  std::function<std::vector<EndpointSample>(absl::Time now)> take_samples;
  // Called once for each alert that fires or clears, without locks.
  std::function<void(const AlertTransition&)> on_transition;
};

class PoolMonitor final {
 public:
  // Between two looks: what the shortest interval of samples needs.
  static constexpr absl::Duration kLookInterval = absl::Seconds(1);

  explicit PoolMonitor(PoolMonitorDeps deps);
  PoolMonitor(const PoolMonitor&) = delete;
  PoolMonitor& operator=(const PoolMonitor&) = delete;

  // Memories stay, as far as there is room; alerts are judged anew at the next look.
  void Reconfigure(const MonitorOptions& options) ABSL_LOCKS_EXCLUDED(mutex_);
  // Judges every endpoint; keeps the sample when one is due. By one thread, every
  // kLookInterval.
  void Look() ABSL_LOCKS_EXCLUDED(mutex_);

  // Of each endpoint, in order, with at most `history` samples.
  std::vector<EndpointMemory> Recall(size_t history) const ABSL_LOCKS_EXCLUDED(mutex_);
  // The transitions after number `sequence`, oldest first: the latest few are kept.
  std::vector<AlertTransition> TransitionsAfter(uint64_t sequence) const
      ABSL_LOCKS_EXCLUDED(mutex_);
  uint64_t last_sequence() const ABSL_LOCKS_EXCLUDED(mutex_);

  MonitorOptions options() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Those told after a look with transitions, on the looking thread.
  Listeners& listeners() { return listeners_; }

 private:
  bool IsSampleDueLocked(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Endpoints that are new begin, and those that are gone end.
  void FollowLocked(const std::vector<EndpointSample>& samples, absl::Time now,
                    std::vector<AlertTransition>& transitions)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  const EndpointMonitor* FindLocked(const std::string& endpoint) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Numbers and remembers them.
  void RememberLocked(std::vector<AlertTransition>& transitions)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Tell(const std::vector<AlertTransition>& transitions) ABSL_LOCKS_EXCLUDED(mutex_);

  const PoolMonitorDeps deps_;
  Listeners listeners_;

  mutable absl::Mutex mutex_;
  MonitorOptions options_ ABSL_GUARDED_BY(mutex_);
  std::vector<EndpointMonitor> endpoints_ ABSL_GUARDED_BY(mutex_);
  absl::Time next_sample_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  uint64_t last_sequence_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<AlertTransition> transitions_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pgsluice
