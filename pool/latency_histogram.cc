#include "pool/latency_histogram.h"

#include <algorithm>
#include <cmath>

namespace pgsluice {

namespace {

// Rounded up, so that a bound is never below what it bounds.
uint64_t MicrosecondsOf(absl::Duration duration) {
  return static_cast<uint64_t>(
      absl::ToInt64Microseconds(absl::Ceil(duration, absl::Microseconds(1))));
}

}  // namespace

size_t LatencyHistogram::BucketOf(uint64_t microseconds) {
  const int bits = static_cast<int>(std::bit_width(microseconds));
  if (bits <= kSubBits) return microseconds;
  const int shift = bits - kSubBits - 1;
  // The highest bit says the power; the kSubBits below it which of its parts.
  return (static_cast<size_t>(shift) << kSubBits) + (microseconds >> shift);
}

uint64_t LatencyHistogram::TopOf(size_t bucket) {
  constexpr size_t kParts = size_t{1} << kSubBits;
  if (bucket < kParts) return bucket;
  const size_t shift = (bucket >> kSubBits) - 1;
  const uint64_t part = (bucket & (kParts - 1)) + kParts;
  return ((part + 1) << shift) - 1;
}

void LatencyHistogram::Add(absl::Duration duration) {
  constexpr absl::Duration kLongest = absl::Microseconds(int64_t{1} << kMaxBits);
  const absl::Duration counted = std::clamp(duration, absl::ZeroDuration(), kLongest);
  ++buckets_[BucketOf(MicrosecondsOf(counted))];
  ++count_;
  longest_ = std::max(longest_, counted);
}

absl::Duration LatencyHistogram::Percentile(double share) const {
  if (count_ == 0) return absl::ZeroDuration();
  const double wanted =
      std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_));
  const uint64_t rank = std::max<uint64_t>(1, static_cast<uint64_t>(wanted));
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen < rank) continue;
    return std::min(longest_, absl::Microseconds(static_cast<int64_t>(TopOf(bucket))));
  }
  return longest_;
}

}  // namespace pgsluice
