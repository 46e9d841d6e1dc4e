#include "server/coarse_histogram.h"

#include <random>

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

TEST(CoarseHistogramTest, IsZeroWithoutValues) {
  EXPECT_EQ(CoarseHistogram().Quantile(0.5), absl::ZeroDuration());
  EXPECT_EQ(CoarseHistogram().Quantile(1), absl::ZeroDuration());
}

TEST(CoarseHistogramTest, EveryTimeIsFoundWithinAnEighth) {
  for (double micros = 4; micros < 4e9; micros *= 1.037) {
    CoarseHistogram histogram;
    histogram.Add(absl::Microseconds(micros));

    const double found = absl::ToDoubleMicroseconds(histogram.Quantile(0.99));
    EXPECT_NEAR(found, micros, micros / 8 + 1) << micros;
  }
}

TEST(CoarseHistogramTest, ShortTimesAreFoundWithinAMicrosecond) {
  for (const int micros : {0, 1, 2, 3}) {
    CoarseHistogram histogram;
    histogram.Add(absl::Microseconds(micros));

    EXPECT_NEAR(absl::ToDoubleMicroseconds(histogram.Quantile(1)), micros, 1);
  }
}

TEST(CoarseHistogramTest, TakesAnything) {
  CoarseHistogram histogram;
  histogram.Add(absl::InfiniteDuration());
  histogram.Add(absl::Hours(24 * 365));
  histogram.Add(-absl::Seconds(1));

  EXPECT_LT(histogram.Quantile(0), absl::Microseconds(1));
  EXPECT_GT(histogram.Quantile(1), absl::Hours(1));
}

TEST(CoarseHistogramTest, TellsTheQuantilesOfMany) {
  CoarseHistogram histogram;
  for (int i = 1; i <= 1000; ++i) histogram.Add(absl::Milliseconds(i));

  EXPECT_NEAR(absl::ToDoubleMilliseconds(histogram.Quantile(0.5)), 500, 500.0 / 8);
  EXPECT_NEAR(absl::ToDoubleMilliseconds(histogram.Quantile(0.99)), 990, 990.0 / 8);
}

TEST(CoarseHistogramTest, OneInAHundredIsBeyondTheNinetyNinth) {
  CoarseHistogram histogram;
  for (int i = 0; i < 99; ++i) histogram.Add(absl::Milliseconds(1));
  histogram.Add(absl::Seconds(1));

  EXPECT_LT(histogram.Quantile(0.99), absl::Milliseconds(2));
  EXPECT_GT(histogram.Quantile(0.995), absl::Milliseconds(800));
}

TEST(CoarseHistogramTest, MergedItIsAsIfAllWereAddedToOne) {
  std::mt19937_64 random(7);
  CoarseHistogram all, left, right;
  for (int i = 0; i < 1000; ++i) {
    const absl::Duration duration = absl::Microseconds(random() % 10'000'000);
    all.Add(duration);
    (i % 3 == 0 ? left : right).Add(duration);
  }
  left.Merge(right);

  for (const double share : {0.0, 0.1, 0.5, 0.9, 0.99, 1.0}) {
    EXPECT_EQ(left.Quantile(share), all.Quantile(share)) << share;
  }
}

}  // namespace
}  // namespace pgsluice
