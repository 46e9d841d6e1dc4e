// Numbers that one shard writes and any thread reads: as cheap as plain ones, since a
// writer that is alone needs no locked instruction.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

#include "pool/duration_histogram.h"

namespace pgsluice {

// Only rises.
class ShardCounter final {
 public:
  // On its shard's thread.
  void Add(uint64_t more = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + more,
                 std::memory_order_relaxed);
  }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

class ShardHistogram final {
 public:
  // On its shard's thread. Negative ones count as zero.
  void Add(absl::Duration duration) {
    const int64_t nanos =
        duration > absl::ZeroDuration() ? absl::ToInt64Nanoseconds(duration) : 0;
    counts_[DurationHistogram::BucketOf(nanos)].Add();
    sum_nanos_.Add(static_cast<uint64_t>(nanos));
  }
  // Read while one is added, the sum may be that one behind.
  DurationHistogram value() const {
    DurationHistogram histogram;
    for (size_t i = 0; i < counts_.size(); ++i) histogram.counts[i] = counts_[i].value();
    histogram.sum_nanos = sum_nanos_.value();
    return histogram;
  }

 private:
  std::array<ShardCounter, DurationHistogram::kBuckets> counts_;
  ShardCounter sum_nanos_;
};

}  // namespace pgsluice
