#include "pool/balance.h"

#include <map>
#include <vector>

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

constexpr int kTurns = 10000;

// How many of kTurns calls go to each.
std::map<size_t, int> Spread(const std::vector<Candidate>& candidates) {
  std::map<size_t, int> calls;
  for (uint64_t turn = 0; turn < kTurns; ++turn) ++calls[ChooseOfTwo(candidates, turn)];
  return calls;
}

Candidate Of(size_t in_flight, absl::Duration round_trip = absl::Milliseconds(1)) {
  return {.in_flight = in_flight, .round_trip = round_trip};
}

TEST(BalanceTest, TheOnlyOneServes) {
  EXPECT_EQ(ChooseOfTwo(std::vector<Candidate>{Of(9)}, 1), 0u);
}

TEST(BalanceTest, EqualsShareEvenly) {
  for (const auto& [i, calls] : Spread({Of(0), Of(0), Of(0), Of(0)})) {
    EXPECT_NEAR(calls, kTurns / 4, 250) << i;
  }
}

TEST(BalanceTest, OfTwoTheLessBusyServes) {
  EXPECT_EQ(Spread({Of(5), Of(4)})[1], kTurns);
}

// With the best of all, everybody would run to the same one.
TEST(BalanceTest, TheBusiestGetsNothingAndTheOthersShare) {
  std::map<size_t, int> calls = Spread({Of(9), Of(1), Of(0), Of(1)});

  EXPECT_EQ(calls[0], 0);
  EXPECT_GT(calls[1], kTurns / 10);
  EXPECT_GT(calls[2], kTurns / 3);
  EXPECT_LT(calls[2], kTurns * 2 / 3);
}

TEST(BalanceTest, WeightsShareIdleOnes) {
  std::vector<Candidate> candidates = {Of(0), Of(0)};
  candidates[0].weight = 3;

  EXPECT_NEAR(Spread(candidates)[0], kTurns * 3 / 4, 250);
}

TEST(BalanceTest, WorkInFlightCountsForItsWeight) {
  std::vector<Candidate> candidates = {Of(5), Of(2)};
  candidates[0].weight = 3;

  EXPECT_EQ(Spread(candidates)[0], kTurns) << "5 of 3 is less than 2 of 1";
}

TEST(BalanceTest, AFasterOneServesUntilItIsBusy) {
  const auto slow = absl::Milliseconds(4);
  EXPECT_EQ(Spread({Of(0), Of(0, slow)})[0], kTurns);
  EXPECT_EQ(Spread({Of(2), Of(0, slow)})[0], kTurns);
  EXPECT_EQ(Spread({Of(4), Of(0, slow)})[1], kTurns);
}

TEST(BalanceTest, SmallDifferencesOfSpeedAreNoise) {
  EXPECT_NEAR(
      Spread({Of(0, absl::Microseconds(1000)), Of(0, absl::Microseconds(1400))})[0],
      kTurns / 2, 250);
  EXPECT_NEAR(Spread({Of(0, absl::Microseconds(50)), Of(0, absl::Microseconds(400))})[0],
              kTurns / 2, 250);
  EXPECT_NEAR(Spread({Of(0, absl::ZeroDuration()), Of(0, absl::Seconds(1))})[0],
              kTurns / 2, 250)
      << "unknown";
}

TEST(BalanceTest, NearOnesServeAlone) {
  std::vector<Candidate> candidates = {Of(0), Of(9), Of(9)};
  candidates[1].is_near = candidates[2].is_near = true;

  const std::map<size_t, int> calls = Spread(candidates);

  EXPECT_EQ(calls.count(0), 0u);
  EXPECT_NEAR(calls.at(1), kTurns / 2, 250);
}

TEST(BalanceTest, TheOnlyNearOneServes) {
  std::vector<Candidate> candidates = {Of(0), Of(9), Of(0)};
  candidates[1].is_near = true;

  EXPECT_EQ(Spread(candidates)[1], kTurns);
}

}  // namespace
}  // namespace pgsluice
