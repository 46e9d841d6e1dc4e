// Durations, counted in buckets whose width grows with the value, so that percentiles of
// any number of them cost the same small memory. Rules file.
//
// From 1 microsecond on every power of two is cut into 16 buckets: a percentile is exact
// below 16 microseconds, and from there on at most 1/16 above the value that it stands
// for.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace pgsluice {

class LatencyHistogram final {
 public:
  // Negative ones count as zero, those above 2^40 microseconds (12 days) as that.
  void Add(absl::Duration duration);

  uint64_t count() const { return count_; }
  // The least bound that at least `share` (0 to 1) of the durations do not exceed; never
  // above the longest of them. Zero when there are none.
  absl::Duration Percentile(double share) const;

 private:
  static constexpr int kSubBits = 4;
  static constexpr int kMaxBits = 40;
  static constexpr size_t kBuckets = (kMaxBits - kSubBits + 2) << kSubBits;

  static size_t BucketOf(uint64_t microseconds);
  // The largest value of the bucket.
  static uint64_t TopOf(size_t bucket);

  std::array<uint32_t, kBuckets> buckets_{};
  uint64_t count_ = 0;
  absl::Duration longest_;
};

}  // namespace pgsluice
