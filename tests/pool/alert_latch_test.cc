#include "pool/alert_latch.h"

#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using testing::Optional;

constexpr absl::Duration kHold = absl::Seconds(3);
const absl::Time kStart = absl::FromUnixSeconds(1000);

absl::Time At(int second) { return kStart + absl::Seconds(second); }

// One letter a second: b(ad), g(ood), - (between), ? (unknown). The answer has + where
// the alert fires, ! where it clears.
std::string Play(const std::string& levels, absl::Duration hold = kHold) {
  AlertLatch latch;
  std::string changes;
  for (size_t i = 0; i < levels.size(); ++i) {
    const AlertLevel level = levels[i] == 'b'   ? AlertLevel::kBad
                             : levels[i] == 'g' ? AlertLevel::kGood
                             : levels[i] == '-' ? AlertLevel::kBetween
                                                : AlertLevel::kUnknown;
    const auto change = latch.On(level, hold, At(static_cast<int>(i)));
    changes += !change.has_value() ? '.' : change == AlertChange::kFired ? '+' : '!';
  }
  return changes;
}

TEST(AlertLatchTest, FiresAndClearsOnceTheConditionHasHeld) {
  const struct {
    const char* what;
    std::string levels;
    std::string changes;
  } cases[] = {
      {"held for three seconds", "gbbbbbb", "....+.."},
      {"too short", "bbbgbbbg", "........"},
      {"back within is a new beginning", "bbb-bbbb", ".......+"},
      {"over for three seconds", "bbbbggggg", "...+...!."},
      {"over for too short", "bbbbgggbbggg", "...+........"},
      {"between does not clear", "bbbb--------", "...+........"},
      {"between ends a clearing", "bbbbggg-gggg", "...+.......!"},
      {"unknown changes nothing", "bb??b????gg??g", "....+........!"},
      {"fires again", "bbbbggggbbbb", "...+...!...+"},
  };
  for (const auto& [what, levels, changes] : cases) {
    EXPECT_EQ(Play(levels), changes) << what;
  }
}

TEST(AlertLatchTest, WithoutAHoldActsAtOnce) {
  EXPECT_EQ(Play("gb-gbg", absl::ZeroDuration()), ".+.!+!");
}

TEST(AlertLatchTest, TellsWhereItIsAndSinceWhen) {
  AlertLatch latch;
  EXPECT_EQ(latch.state(), AlertState::kQuiet);
  EXPECT_EQ(latch.since(), std::nullopt);

  latch.On(AlertLevel::kBad, kHold, At(1));
  EXPECT_EQ(latch.state(), AlertState::kPending);
  EXPECT_THAT(latch.since(), Optional(At(1)));

  latch.On(AlertLevel::kBad, kHold, At(4));
  EXPECT_EQ(latch.state(), AlertState::kFiring);
  EXPECT_THAT(latch.since(), Optional(At(4)));

  latch.On(AlertLevel::kGood, kHold, At(10));
  EXPECT_EQ(latch.state(), AlertState::kClearing);
  EXPECT_TRUE(latch.is_firing());
  EXPECT_THAT(latch.since(), Optional(At(4)));

  latch.On(AlertLevel::kGood, kHold, At(13));
  EXPECT_EQ(latch.state(), AlertState::kQuiet);
  EXPECT_THAT(latch.since(), Optional(At(13)));
  EXPECT_EQ(latch.times_fired(), 1U);
}

// Firing and clearing alternate, never sooner than the hold after one another.
TEST(AlertLatchTest, KeepsItsOrderOnRandomWalks) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    AlertLatch latch;
    std::optional<absl::Time> last;
    uint64_t fired = 0;
    for (int second = 0; second < 2000; ++second) {
      const bool was_firing = latch.is_firing();
      // Mostly as before, so that something holds.
      static constexpr AlertLevel kLevels[] = {AlertLevel::kUnknown, AlertLevel::kGood,
                                               AlertLevel::kBetween, AlertLevel::kBad};
      const AlertLevel level = kLevels[(second / 7 + random() % 2) % 4];
      const auto change = latch.On(level, kHold, At(second));

      ASSERT_EQ(change.has_value(), was_firing != latch.is_firing());
      if (!change.has_value()) continue;
      ASSERT_EQ(change == AlertChange::kFired, latch.is_firing());
      ASSERT_EQ(level, latch.is_firing() ? AlertLevel::kBad : AlertLevel::kGood);
      if (last.has_value()) {
        ASSERT_GE(At(second) - *last, kHold);
      }
      last = At(second);
      if (latch.is_firing()) ++fired;
    }
    EXPECT_EQ(latch.times_fired(), fired);
  }
}

}  // namespace
}  // namespace pgsluice
