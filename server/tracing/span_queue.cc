#include "server/tracing/span_queue.h"

#include <algorithm>
#include <utility>

namespace pgsluice {

std::string_view SpanDropName(SpanDrop drop) {
  switch (drop) {
    case SpanDrop::kQueueFull: return "queue_full";
    case SpanDrop::kCallLimit: return "call_limit";
    case SpanDrop::kExportFailed: return "export_failed";
    case SpanDrop::kRejected: return "rejected";
    case SpanDrop::kShutdown: return "shutdown";
    case SpanDrop::kCount: break;
  }
  return "other";
}

size_t CountSpans(const SpanQueue::Batch& batch) {
  size_t spans = 0;
  for (const TracedCall& call : batch) spans += call.spans.size();
  return spans;
}

void SpanQueue::Put(TracedCall call) {
  const size_t more = call.spans.size();
  absl::MutexLock lock(&mutex_);
  DropLocked(SpanDrop::kCallLimit, call.left_out);
  if (is_closed_) return DropLocked(SpanDrop::kShutdown, more);
  if (spans_ + more > options_.max_spans) return DropLocked(SpanDrop::kQueueFull, more);
  const bool was_full = HasFullBatch();
  spans_ += more;
  calls_.push_back(std::move(call));
  // The first one starts the interval.
  const bool is_news = calls_.size() == 1 || (!was_full && HasFullBatch());
  if (is_news) is_due_.Signal();
}

SpanQueue::Batch SpanQueue::Take() {
  absl::MutexLock lock(&mutex_);
  while (calls_.empty() && !is_closed_) is_due_.Wait(&mutex_);
  const absl::Time due = absl::Now() + options_.interval;
  while (!HasFullBatch() && !is_closed_) {
    if (is_due_.WaitWithDeadline(&mutex_, due)) break;
  }
  Batch batch;
  size_t taken = 0;
  while (!calls_.empty()) {
    const size_t more = calls_.front().spans.size();
    if (taken > 0 && taken + more > options_.max_batch) break;
    taken += more;
    batch.push_back(std::move(calls_.front()));
    calls_.pop_front();
  }
  spans_ -= taken;
  return batch;
}

void SpanQueue::Close() {
  absl::MutexLock lock(&mutex_);
  is_closed_ = true;
  is_due_.Signal();
}

void SpanQueue::CountExported(size_t spans) {
  absl::MutexLock lock(&mutex_);
  totals_.exported += spans;
}

void SpanQueue::CountFailedExport() {
  absl::MutexLock lock(&mutex_);
  ++totals_.failed_exports;
}

void SpanQueue::CountDropped(SpanDrop why, size_t spans) {
  absl::MutexLock lock(&mutex_);
  DropLocked(why, spans);
}

size_t SpanQueue::spans() const {
  absl::MutexLock lock(&mutex_);
  return spans_;
}

TracingTotals SpanQueue::totals() const {
  absl::MutexLock lock(&mutex_);
  return totals_;
}

// A full queue takes no more, so it is a full batch, too.
bool SpanQueue::HasFullBatch() const {
  return spans_ >= std::min(options_.max_batch, options_.max_spans);
}

void SpanQueue::DropLocked(SpanDrop why, size_t spans) {
  totals_.dropped[static_cast<size_t>(why)] += spans;
}

}  // namespace pgsluice
