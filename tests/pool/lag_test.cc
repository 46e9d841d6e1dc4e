#include "pool/lag.h"

#include <random>

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1000);
absl::Time At(double seconds) { return kStart + absl::Seconds(seconds); }

TEST(LagTest, IsUnknownBeforeAPrimaryIsSeen) {
  const Lag lag = LsnHistory().LagOf({.lsn = 5}, kStart);

  EXPECT_EQ(lag.bytes, std::nullopt);
  EXPECT_EQ(lag.time, std::nullopt);
  EXPECT_EQ(lag.caught_up_at, absl::InfinitePast());
}

TEST(LagTest, AnIdlePrimaryMakesNone) {
  LsnHistory history;
  history.Add(1, 100, At(0));
  history.Add(1, 100, At(3600));

  const Lag lag = history.LagOf({.lsn = 100, .age = absl::Hours(1)}, At(3601));

  EXPECT_EQ(lag.bytes, 0u);
  EXPECT_EQ(lag.time, absl::ZeroDuration());
  EXPECT_EQ(lag.caught_up_at, At(3600));
}

// The first write after an hour: the last commit replayed is an hour old, and yet the
// replica is only as far behind as that write.
TEST(LagTest, TheFirstWriteAfterALongPauseMakesLittle) {
  LsnHistory history;
  history.Add(1, 100, At(0));
  history.Add(1, 100, At(3600));
  history.Add(1, 200, At(3600.25));

  const Lag lag = history.LagOf({.lsn = 100, .age = absl::Hours(1)}, At(3600.5));

  EXPECT_EQ(lag.bytes, 100u);
  EXPECT_EQ(lag.time, absl::Milliseconds(250));
  EXPECT_EQ(lag.caught_up_at, At(3600));
}

// It has replayed all that it received, and looks fresh to itself.
TEST(LagTest, AReplicaThatIsCutOffFallsBehindAsThePrimaryWrites) {
  LsnHistory history;
  for (int i = 0; i <= 40; ++i) history.Add(1, 100 + i, At(0.25 * i));

  const Lag lag = history.LagOf({.lsn = 104, .age = absl::ZeroDuration()}, At(10.1));

  EXPECT_EQ(lag.bytes, 36u);
  EXPECT_EQ(lag.time, At(10.1) - At(1.25));
  EXPECT_EQ(lag.caught_up_at, At(1));
}

TEST(LagTest, NobodyIsBehindAPrimaryThatIsGone) {
  LsnHistory history;
  history.Add(1, 100, At(0));

  EXPECT_EQ(history.LagOf({.lsn = 100}, At(1000)).time, absl::ZeroDuration());
  EXPECT_EQ(history.LagOf({.lsn = 120}, At(1000)).bytes, 0u);
}

TEST(LagTest, BelievesTheReplicasClockOnlyWhenItsOwnHistoryIsTooShort) {
  LsnHistory history;
  history.Add(1, 200, At(0));
  const ReplayPoint behind{.lsn = 100, .age = absl::Minutes(5)};

  EXPECT_EQ(history.LagOf(behind, At(0.5)).time, absl::Milliseconds(500))
      << "it may have something under way";
  EXPECT_EQ(history.LagOf(behind, At(2)).time, absl::Minutes(5));
}

TEST(LagTest, WhoIsOnAnOldTimelineIsBehindAllOfTheNewOne) {
  LsnHistory history;
  history.Add(1, 900, At(0));
  history.Add(2, 500, At(1));
  history.Add(2, 500, At(2));

  const Lag lag = history.LagOf({.lsn = 900, .is_on_old_timeline = true}, At(3));

  EXPECT_EQ(history.timeline(), 2u);
  EXPECT_EQ(lag.time, absl::Seconds(2));
  EXPECT_EQ(lag.caught_up_at, absl::InfinitePast());
}

TEST(LagTest, ForgetsWhatACrashOfThePrimaryHasUndone) {
  LsnHistory history;
  history.Add(1, 100, At(0));
  history.Add(1, 200, At(1));
  history.Add(1, 150, At(2));

  EXPECT_EQ(history.LagOf({.lsn = 150}, At(3)).bytes, 0u);
  EXPECT_EQ(history.size(), 2u);
}

// Whatever is written and replayed: a lag is never told too small by more than a look,
// and what is said to be replayed is.
TEST(LagTest, IsNeverTooSmallOnARandomWalk) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  LsnHistory history;
  std::vector<uint64_t> written;  // By second.
  uint64_t lsn = 100;
  for (int second = 0; second < 5000; ++second) {
    if (random() % 3 != 0) lsn += random() % 50;
    written.push_back(lsn);
    history.Add(1, lsn, At(second));
    ASSERT_LE(history.size(), LsnHistory::kMaxSamples);
    const uint64_t replayed = written[random() % written.size()];
    const Lag lag = history.LagOf({.lsn = replayed}, At(second + 0.5));
    ASSERT_EQ(lag.bytes, lsn - replayed);
    ASSERT_EQ(lag.time == absl::ZeroDuration(), replayed == lsn);
    if (lag.caught_up_at == absl::InfinitePast()) continue;
    const auto known = absl::ToInt64Seconds(lag.caught_up_at - kStart);
    ASSERT_LE(written[known], replayed) << "said to be replayed, and is not";
  }
}

}  // namespace
}  // namespace pgsluice
