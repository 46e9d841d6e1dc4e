#include "pool/ping.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1000);
constexpr absl::Duration kAfter = absl::Seconds(30);

std::vector<PingCandidate> IdleFor(std::initializer_list<int> seconds) {
  std::vector<PingCandidate> idle;
  for (int s : seconds) idle.push_back({idle.size() + 1, kNow - absl::Seconds(s)});
  return idle;
}

TEST(PingTest, PingsWhatWasNotHeardOfForLong) {
  EXPECT_THAT(PlanPings(IdleFor({29, 30, 31}), 0, kAfter, kNow), ElementsAre(2));
  EXPECT_THAT(PlanPings(IdleFor({0, 29}), 0, kAfter, kNow), IsEmpty());
  EXPECT_THAT(PlanPings({}, 0, kAfter, kNow), IsEmpty());
}

TEST(PingTest, PingsNothingWhileSomebodyWaits) {
  EXPECT_THAT(PlanPings(IdleFor({60}), 1, kAfter, kNow), IsEmpty());
}

TEST(PingTest, PingsNothingWhenSwitchedOff) {
  EXPECT_THAT(PlanPings(IdleFor({6000}), 0, absl::ZeroDuration(), kNow), IsEmpty());
}

TEST(PingTest, PingsOneInEightAtATime) {
  const std::vector<PingCandidate> many(32, PingCandidate{7, kNow - kAfter});

  EXPECT_EQ(PlanPings(many, 0, kAfter, kNow).size(), 4u);
}

}  // namespace
}  // namespace pgsluice
