// Where spans of calls that have ended wait to be sent: bounded, so that a collector that
// takes none costs nothing but the spans. Thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "server/tracing/span.h"

namespace pgsluice {

// Why a span was not sent, or not taken.
enum class SpanDrop {
  kQueueFull,     // tracing.max_queue.
  kCallLimit,     // The call had too many.
  kExportFailed,  // tracing.give_up_after.
  kRejected,      // By the collector.
  kShutdown,      // The process ended first.
  kCount,
};
inline constexpr size_t kSpanDrops = static_cast<size_t>(SpanDrop::kCount);
// As the metric's label.
std::string_view SpanDropName(SpanDrop drop);

// Since the start.
struct TracingTotals {
  uint64_t exported = 0;                          // Spans.
  uint64_t failed_exports = 0;                    // Requests.
  std::array<uint64_t, kSpanDrops> dropped = {};  // Spans.

  bool operator==(const TracingTotals&) const = default;
};

class SpanQueue final {
 public:
  struct Options {
    size_t max_spans = 2048;
    size_t max_batch = 512;
    absl::Duration interval = absl::Seconds(5);
  };

  explicit SpanQueue(Options options) : options_(options) {}
  SpanQueue(const SpanQueue&) = delete;
  SpanQueue& operator=(const SpanQueue&) = delete;

  // Drops the call's spans when there is no room for all of them: half a call helps
  // nobody. Never waits.
  void Put(TracedCall call) ABSL_LOCKS_EXCLUDED(mutex_);

  using Batch = std::vector<TracedCall>;
  // Waits until a batch is full, or one has waited long enough; after Close, for nothing.
  // Empty: closed, and nothing is left.
  Batch Take() ABSL_LOCKS_EXCLUDED(mutex_);
  // From now on Take does not wait. What is put is dropped.
  void Close() ABSL_LOCKS_EXCLUDED(mutex_);

  void CountExported(size_t spans) ABSL_LOCKS_EXCLUDED(mutex_);
  void CountFailedExport() ABSL_LOCKS_EXCLUDED(mutex_);
  void CountDropped(SpanDrop why, size_t spans) ABSL_LOCKS_EXCLUDED(mutex_);
  // That wait.
  size_t spans() const ABSL_LOCKS_EXCLUDED(mutex_);
  TracingTotals totals() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  bool HasFullBatch() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DropLocked(SpanDrop why, size_t spans) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;

  mutable absl::Mutex mutex_;
  absl::CondVar is_due_;
  std::deque<TracedCall> calls_ ABSL_GUARDED_BY(mutex_);
  size_t spans_ ABSL_GUARDED_BY(mutex_) = 0;  // Of these.
  bool is_closed_ ABSL_GUARDED_BY(mutex_) = false;
  TracingTotals totals_ ABSL_GUARDED_BY(mutex_);
};

size_t CountSpans(const SpanQueue::Batch& batch);

}  // namespace pgsluice
