#include "pool/dial_gate.h"

#include <random>

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1000);

PoolOptions Options() {
  PoolOptions options;
  options.max_size = 20;
  options.max_concurrent_connects = 4;
  options.connect_rate = 10;
  options.connect_burst = 6;
  options.backoff_initial = absl::Milliseconds(100);
  options.backoff_max = absl::Seconds(10);
  options.connect_retry_delay = absl::Seconds(1);
  options.full_retry_interval = absl::Seconds(5);
  return options;
}

TEST(DialGateTest, AllowsSoManyAtATime) {
  const DialGate gate(Options());

  EXPECT_EQ(gate.MayStart(2, 0, kStart), 2u);
  EXPECT_EQ(gate.MayStart(20, 0, kStart), 4u);
  EXPECT_EQ(gate.MayStart(20, 3, kStart), 1u);
  EXPECT_EQ(gate.MayStart(20, 9, kStart), 0u);
}

TEST(DialGateTest, HoldsItsRateBehindABurst) {
  DialGate gate(Options());
  gate.OnStart(4, kStart);
  EXPECT_EQ(gate.MayStart(20, 0, kStart), 2u);
  gate.OnStart(2, kStart);

  EXPECT_EQ(gate.MayStart(20, 0, kStart), 0u);
  EXPECT_EQ(gate.MayStart(20, 0, kStart + absl::Milliseconds(99)), 0u);
  EXPECT_EQ(gate.MayStart(20, 0, kStart + absl::Milliseconds(100)), 1u);
  EXPECT_EQ(gate.MayStart(20, 0, kStart + absl::Hours(1)), 4u);
}

TEST(DialGateTest, NeverExceedsRateAndBurstOverAnyTime) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  DialGate gate(Options());
  absl::Time now = kStart;
  size_t started = 0;
  for (int i = 0; i < 10000; ++i) {
    const size_t dials = gate.MayStart(random() % 10, random() % 5, now);
    gate.OnStart(dials, now);
    started += dials;
    if (random() % 4 == 0) gate.OnSuccess(now);
    if (random() % 4 == 0) gate.OnFailure(false, 0, random() % 2 == 0, now, 0.5);
    now += absl::Milliseconds(random() % 50);
    ASSERT_LE(static_cast<double>(started), 6 + 10 * absl::ToDoubleSeconds(now - kStart));
  }
}

TEST(DialGateTest, WithoutARateOnlyTheOtherLimitsHold) {
  PoolOptions options = Options();
  options.connect_rate = 0;
  DialGate gate(options);
  for (int i = 0; i < 100; ++i) gate.OnStart(4, kStart);

  EXPECT_EQ(gate.MayStart(20, 0, kStart), 4u);
}

TEST(DialGateTest, IsShutAfterAFailureAndThenLetsOneTry) {
  DialGate gate(Options());
  gate.OnFailure(false, 0, false, kStart, 0.999);

  EXPECT_GT(gate.shut_until(), kStart);
  EXPECT_EQ(gate.MayStart(20, 0, kStart), 0u);
  EXPECT_EQ(gate.MayStart(20, 0, gate.shut_until()), 1u);
  EXPECT_EQ(gate.MayStart(20, 1, gate.shut_until()), 0u);

  gate.OnSuccess(kStart);
  EXPECT_EQ(gate.MayStart(20, 0, kStart), 4u);
}

TEST(DialGateTest, PutsOffForLongerAfterEachFailureUpToTheMost) {
  DialGate gate(Options());
  absl::Duration last;
  for (int i = 0; i < 30; ++i) {
    gate.OnFailure(false, 0, /*has_waiters=*/false, kStart, 0.999);
    const absl::Duration delay = gate.shut_until() - kStart;
    EXPECT_GE(delay, last);
    EXPECT_LE(delay, absl::Seconds(10));
    last = delay;
  }
  EXPECT_GT(last, absl::Seconds(9));
}

TEST(DialGateTest, TriesMoreOftenWhileCallsWait) {
  DialGate gate(Options());
  for (int i = 0; i < 30; ++i) gate.OnFailure(false, 0, true, kStart, 0.999);

  EXPECT_LE(gate.shut_until() - kStart, absl::Seconds(1));
}

TEST(DialGateTest, LowersTheTargetWhileTheServerIsFullAndRaisesItByOneAtATime) {
  DialGate gate(Options());
  EXPECT_EQ(gate.MaxOpen(kStart), 20u);
  gate.OnFailure(/*is_full=*/true, /*open=*/7, true, kStart, 0.5);

  EXPECT_EQ(gate.MaxOpen(kStart), 8u);
  EXPECT_EQ(gate.shut_until(), kStart + absl::Seconds(5));
  absl::Time now = kStart;
  for (size_t target = 9; target < 20; ++target) {
    now = gate.shut_until();
    gate.OnSuccess(now);
    EXPECT_EQ(gate.MaxOpen(now), target);
    EXPECT_EQ(gate.shut_until(), now + absl::Seconds(5));
  }
  gate.OnSuccess(now);
  EXPECT_EQ(gate.MaxOpen(now), 20u);
  EXPECT_EQ(gate.shut_until(), absl::InfinitePast());
}

TEST(DialGateTest, ForgetsAfterAWhileThatTheServerWasFull) {
  DialGate gate(Options());
  gate.OnFailure(/*is_full=*/true, /*open=*/7, false, kStart, 0.5);

  EXPECT_EQ(gate.MaxOpen(kStart + absl::Seconds(59)), 8u);
  EXPECT_EQ(gate.MaxOpen(kStart + absl::Seconds(60)), 20u);
  gate.OnFailure(/*is_full=*/true, /*open=*/9, false, kStart + absl::Seconds(61), 0.5);
  EXPECT_EQ(gate.MaxOpen(kStart + absl::Seconds(62)), 10u);
}

TEST(DialGateTest, TakesNewSettings) {
  DialGate gate(Options());
  gate.OnFailure(true, 7, true, kStart, 0.5);
  PoolOptions options = Options();
  options.max_size = 6;

  gate.Reconfigure(options);

  EXPECT_EQ(gate.MaxOpen(kStart), 6u);
}

}  // namespace
}  // namespace pgsluice
