// How often a thing took how long, in buckets that grow with the time: 4 for each
// doubling, so that a quantile is at most an eighth off, and one for each of thousands of
// statements is no more than half a KiB. Rules file.
#pragma once

#include <array>
#include <cstdint>

#include "absl/time/time.h"

namespace pgsluice {

class CoarseHistogram final {
 public:
  void Add(absl::Duration duration);
  void Merge(const CoarseHistogram& other);
  // What `share` (from 0 to 1) of the durations did not exceed; zero when there are none.
  absl::Duration Quantile(double share) const;

 private:
  // From 1 us to 71 minutes; the last one takes what is longer.
  static constexpr size_t kBuckets = 124;

  static size_t BucketOf(uint32_t micros);
  static uint64_t LeastOf(size_t bucket);  // In microseconds.

  std::array<uint32_t, kBuckets> counts_ = {};
};

}  // namespace pgsluice
