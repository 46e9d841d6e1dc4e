#include "pool/backoff.h"

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

constexpr absl::Duration kInitial = absl::Milliseconds(100);
constexpr absl::Duration kMax = absl::Seconds(1);
// As near to 1 as a random number comes.
constexpr double kHighest = 1.0;

TEST(BackoffTest, DoublesUntilTheCap) {
  Backoff backoff(kInitial, kMax);

  for (int milliseconds : {100, 200, 400, 800, 1000, 1000}) {
    EXPECT_EQ(backoff.NextDelay(kHighest), absl::Milliseconds(milliseconds));
  }
}

TEST(BackoffTest, TakesTheRandomPartOfTheCeiling) {
  Backoff backoff(kInitial, kMax);
  backoff.NextDelay(0);
  backoff.NextDelay(0);

  EXPECT_EQ(backoff.NextDelay(0.5), absl::Milliseconds(200));
}

TEST(BackoffTest, IsNeverShorterThanHalfOfTheFirst) {
  Backoff backoff(kInitial, kMax);

  for (int i = 0; i < 20; ++i) EXPECT_EQ(backoff.NextDelay(0), kInitial / 2);
}

TEST(BackoffTest, NeverEndsAndNeverExceedsTheCap) {
  Backoff backoff(kInitial, kMax);

  for (int i = 0; i < 10000; ++i) {
    const absl::Duration delay = backoff.NextDelay((i % 100) / 100.0);
    ASSERT_GE(delay, kInitial / 2);
    ASSERT_LE(delay, kMax);
  }
  EXPECT_EQ(backoff.failures(), 10000);
}

TEST(BackoffTest, StartsAnewAfterASuccess) {
  Backoff backoff(kInitial, kMax);
  for (int i = 0; i < 5; ++i) backoff.NextDelay(kHighest);

  backoff.Reset();

  EXPECT_EQ(backoff.failures(), 0);
  EXPECT_EQ(backoff.NextDelay(kHighest), kInitial);
}

TEST(BackoffTest, KeepsACapBelowTheFirstDelay) {
  Backoff backoff(absl::Seconds(10), absl::Seconds(1));

  EXPECT_EQ(backoff.NextDelay(kHighest), absl::Seconds(1));
  EXPECT_EQ(backoff.NextDelay(0), absl::Seconds(1));
}

}  // namespace
}  // namespace pgsluice
