#include "server/coarse_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace pgsluice {

namespace {

constexpr int kBitsOfSteps = 2;
constexpr uint32_t kSteps = 1U << kBitsOfSteps;  // Of a doubling.

// Stays at the greatest number rather than begin anew.
uint32_t CappedSum(uint32_t a, uint32_t b) {
  const uint32_t sum = a + b;
  return sum < a ? std::numeric_limits<uint32_t>::max() : sum;
}

}  // namespace

// The first `kSteps` buckets are one microsecond each; from there on the highest bit
// says which doubling it is, and the next ones which step of it.
size_t CoarseHistogram::BucketOf(uint32_t micros) {
  if (micros < kSteps) return micros;
  const int doubling = std::bit_width(micros) - 1 - kBitsOfSteps;
  return (static_cast<size_t>(doubling) << kBitsOfSteps) + (micros >> doubling);
}

uint64_t CoarseHistogram::LeastOf(size_t bucket) {
  if (bucket < 2 * kSteps) return bucket;
  const size_t doubling = bucket / kSteps - 1;
  return static_cast<uint64_t>(kSteps + bucket % kSteps) << doubling;
}

void CoarseHistogram::Add(absl::Duration duration) {
  const int64_t micros = std::clamp<int64_t>(absl::ToInt64Microseconds(duration), 0,
                                             std::numeric_limits<uint32_t>::max());
  uint32_t& count = counts_[BucketOf(static_cast<uint32_t>(micros))];
  count = CappedSum(count, 1);
}

void CoarseHistogram::Merge(const CoarseHistogram& other) {
  for (size_t i = 0; i < kBuckets; ++i) {
    counts_[i] = CappedSum(counts_[i], other.counts_[i]);
  }
}

absl::Duration CoarseHistogram::Quantile(double share) const {
  uint64_t all = 0;
  for (const uint32_t count : counts_) all += count;
  const auto rank = std::max<uint64_t>(
      1, static_cast<uint64_t>(std::ceil(share * static_cast<double>(all))));
  uint64_t seen = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    seen += counts_[i];
    if (seen < rank) continue;
    const double middle = static_cast<double>(LeastOf(i) + LeastOf(i + 1)) / 2;
    return absl::Microseconds(middle);
  }
  return absl::ZeroDuration();
}

}  // namespace pgsluice
