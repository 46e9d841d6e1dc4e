#include "pool/lag_gate.h"

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1000);
absl::Time At(double seconds) { return kStart + absl::Seconds(seconds); }

Lag Behind(double seconds, uint64_t bytes = 0) {
  return {.bytes = bytes, .time = absl::Seconds(seconds)};
}

constexpr LagBound kBound = {.time = absl::Seconds(10), .bytes = 1000};

class LagGateTest : public testing::Test {
 protected:
  bool IsOut(const Lag& lag, double at, const LagBound& bound = kBound) {
    gate_ = NextLagGate(gate_, lag, bound, At(at));
    return gate_.is_out;
  }
  LagGate gate_;
};

TEST_F(LagGateTest, TakesAReplicaOutAtOnce) {
  EXPECT_FALSE(IsOut(Behind(10), 0)) << "at the bound is within it";
  EXPECT_TRUE(IsOut(Behind(10.1), 1));
  EXPECT_EQ(gate_.since, At(1));
}

TEST_F(LagGateTest, EitherBoundTakesItOut) { EXPECT_TRUE(IsOut(Behind(0, 1001), 0)); }

TEST_F(LagGateTest, LetsItBackWhenItHasBeenWellWithinForAWhile) {
  ASSERT_TRUE(IsOut(Behind(11), 0));

  EXPECT_TRUE(IsOut(Behind(9), 1)) << "within, but not well";
  EXPECT_TRUE(IsOut(Behind(1), 2));
  EXPECT_TRUE(IsOut(Behind(1), 2.9));
  EXPECT_FALSE(IsOut(Behind(1), 3));
  EXPECT_EQ(gate_.since, At(3));
}

TEST_F(LagGateTest, ARelapseBeginsTheWaitAnew) {
  ASSERT_TRUE(IsOut(Behind(11), 0));
  EXPECT_TRUE(IsOut(Behind(1), 1));
  EXPECT_TRUE(IsOut(Behind(9), 1.5));
  EXPECT_TRUE(IsOut(Behind(1), 2));
  EXPECT_TRUE(IsOut(Behind(1), 2.9));
  EXPECT_FALSE(IsOut(Behind(1), 3));
}

TEST_F(LagGateTest, WhatIsNotKnownChangesNothing) {
  EXPECT_FALSE(IsOut({}, 0));
  ASSERT_TRUE(IsOut(Behind(11), 1));
  EXPECT_TRUE(IsOut({}, 100));
}

TEST_F(LagGateTest, WithoutABoundNobodyIsOut) {
  constexpr LagBound kNone = {.time = absl::ZeroDuration(), .bytes = 0};
  EXPECT_FALSE(IsOut(Behind(1e6, uint64_t{1} << 50), 0, kNone));

  ASSERT_TRUE(IsOut(Behind(11), 1));
  EXPECT_FALSE(IsOut(Behind(11), 2, kNone)) << "and who is comes back at once";
}

}  // namespace
}  // namespace pgsluice
