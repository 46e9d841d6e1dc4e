#include "pool/pool_stats.h"

namespace pgsluice {

void PoolCounters::Add(const PoolCounters& other) {
  acquired += other.acquired;
  acquired_after_wait += other.acquired_after_wait;
  wait_total += other.wait_total;
  acquire_timeouts += other.acquire_timeouts;
  queue_full += other.queue_full;
  acquire_cancelled += other.acquire_cancelled;
  opened += other.opened;
  connect_failures += other.connect_failures;
  for (size_t i = 0; i < closed.size(); ++i) closed[i] += other.closed[i];
  resets += other.resets;
  cancels += other.cancels;
  gave_up += other.gave_up;
  doomed += other.doomed;
  doomed_refused += other.doomed_refused;
  pings += other.pings;
  // Both count for both already; one of them was looked at later.
  if (other.cancelled.cancelled > cancelled.cancelled ||
      other.cancelled.followed() < cancelled.followed()) {
    cancelled = other.cancelled;
  }
  acquire_time.Add(other.acquire_time);
  use_time.Add(other.use_time);
  connect_time.Add(other.connect_time);
}

}  // namespace pgsluice
