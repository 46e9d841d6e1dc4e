#include "pool/latency_histogram.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

TEST(LatencyHistogramTest, HasNoPercentileWithoutDurations) {
  EXPECT_EQ(LatencyHistogram().Percentile(0.5), absl::ZeroDuration());
}

TEST(LatencyHistogramTest, TellsShortDurationsExactly) {
  LatencyHistogram histogram;
  for (int i = 1; i <= 10; ++i) histogram.Add(absl::Microseconds(i));

  EXPECT_EQ(histogram.Percentile(0.0), absl::Microseconds(1));
  EXPECT_EQ(histogram.Percentile(0.1), absl::Microseconds(1));
  EXPECT_EQ(histogram.Percentile(0.5), absl::Microseconds(5));
  EXPECT_EQ(histogram.Percentile(0.95), absl::Microseconds(10));
  EXPECT_EQ(histogram.Percentile(1.0), absl::Microseconds(10));
}

TEST(LatencyHistogramTest, IsNeverAboveTheLongest) {
  LatencyHistogram histogram;
  histogram.Add(absl::Milliseconds(100));

  for (const double share : {0.0, 0.5, 0.99, 1.0}) {
    EXPECT_EQ(histogram.Percentile(share), absl::Milliseconds(100));
  }
}

TEST(LatencyHistogramTest, TakesWhatIsOutOfRangeForItsEnd) {
  LatencyHistogram histogram;
  histogram.Add(-absl::Seconds(1));
  histogram.Add(absl::InfiniteDuration());

  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_EQ(histogram.Percentile(0.5), absl::ZeroDuration());
  EXPECT_GT(histogram.Percentile(1.0), absl::Hours(24 * 12));
}

// Whatever the durations, a percentile is at or above the exact one, by at most 1/16.
TEST(LatencyHistogramTest, IsCloseToTheExactPercentileOfAnyDurations) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::uniform_real_distribution<double> exponent(0, 9);
    LatencyHistogram histogram;
    std::vector<absl::Duration> exact;
    for (size_t i = 0; i < 1 + seed * 20; ++i) {
      const auto microseconds = static_cast<int64_t>(std::pow(10, exponent(random)));
      exact.push_back(absl::Microseconds(microseconds));
      histogram.Add(exact.back());
    }
    std::sort(exact.begin(), exact.end());

    for (const double share : {0.01, 0.5, 0.95, 0.99, 1.0}) {
      const double rank = std::ceil(share * static_cast<double>(exact.size()));
      const absl::Duration wanted = exact[static_cast<size_t>(rank) - 1];
      EXPECT_GE(histogram.Percentile(share), wanted);
      EXPECT_LE(histogram.Percentile(share), wanted + wanted / 16);
    }
  }
}

}  // namespace
}  // namespace pgsluice
