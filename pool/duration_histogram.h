// How often something took how long, in the few buckets that all histograms of the
// metrics have. Rules file.
//
// For those who look at many gateways together: LatencyHistogram is finer, but its
// buckets are too many to be told one by one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace pgsluice {

struct DurationHistogram {
  // Upper bounds, inclusive, in microseconds; what is longer has a bucket of its own.
  static constexpr std::array<int64_t, 16> kBoundsMicros = {
      500,       1'000,      2'500,      5'000,     10'000,    25'000,
      50'000,    100'000,    250'000,    500'000,   1'000'000, 2'500'000,
      5'000'000, 10'000'000, 30'000'000, 60'000'000};
  static constexpr size_t kBuckets = kBoundsMicros.size() + 1;

  // Negative ones count as zero. Constant time, a few nanoseconds.
  static size_t BucketOf(int64_t nanos) {
    size_t bucket = 0;
    while (bucket < kBoundsMicros.size() && nanos > kBoundsMicros[bucket] * 1000) {
      ++bucket;
    }
    return bucket;
  }

  void Add(absl::Duration duration) {
    const int64_t nanos =
        duration > absl::ZeroDuration() ? absl::ToInt64Nanoseconds(duration) : 0;
    ++counts[BucketOf(nanos)];
    sum_nanos += static_cast<uint64_t>(nanos);
  }
  void Add(const DurationHistogram& other) {
    for (size_t i = 0; i < kBuckets; ++i) counts[i] += other.counts[i];
    sum_nanos += other.sum_nanos;
  }
  uint64_t count() const {
    uint64_t all = 0;
    for (const uint64_t bucket : counts) all += bucket;
    return all;
  }

  bool operator==(const DurationHistogram&) const = default;

  std::array<uint64_t, kBuckets> counts{};  // Of each bucket alone.
  uint64_t sum_nanos = 0;
};

}  // namespace pgsluice
