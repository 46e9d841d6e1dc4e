#include "pool/pool_monitor.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/testing/fake_clock.h"

namespace pgsluice::testing {
namespace {

using ::testing::Optional;

// One endpoint whose figures the test sets.
class PoolMonitorTest : public ::testing::Test {
 protected:
  PoolMonitor Make(MonitorOptions options) {
    return PoolMonitor({.options = options,
                        .clock = &clock_,
                        .take_samples =
                            [this](absl::Time now) {
                              Sample sample = sample_;
                              sample.at = now;
                              std::vector<EndpointSample> samples;
                              for (const std::string& name : endpoints_) {
                                samples.push_back({name, sample});
                              }
                              return samples;
                            },
                        .on_transition =
                            [this](const AlertTransition& transition) {
                              logged_.push_back(transition);
                            }});
  }

  void LookFor(PoolMonitor& monitor, int seconds) {
    for (int i = 0; i < seconds; ++i) {
      clock_.Advance(absl::Seconds(1));
      monitor.Look();
    }
  }

  static Alert Waiters(const PoolMonitor& monitor) {
    return monitor.Recall(0).at(0).alerts.at(0);
  }

  FakeClock clock_;
  std::vector<std::string> endpoints_ = {"pg-0"};
  Sample sample_;
  std::vector<AlertTransition> logged_;
};

TEST_F(PoolMonitorTest, KeepsASampleAtTheFirstLookAndThenAtTheInterval) {
  PoolMonitor monitor = Make({.interval = absl::Seconds(10), .history = 100});
  EXPECT_EQ(monitor.Recall(10).at(0).summary.samples, 0U);

  LookFor(monitor, 1);
  EXPECT_EQ(monitor.Recall(10).at(0).summary.samples, 1U);
  LookFor(monitor, 9);
  EXPECT_EQ(monitor.Recall(10).at(0).summary.samples, 1U);
  LookFor(monitor, 1);
  EXPECT_EQ(monitor.Recall(10).at(0).summary.samples, 2U);
}

TEST_F(PoolMonitorTest, ALateTickCostsNoSampleAndAnEarlyOneMakesNone) {
  PoolMonitor monitor = Make({.interval = absl::Seconds(1), .history = 100});
  LookFor(monitor, 1);
  clock_.Advance(absl::Milliseconds(990));
  monitor.Look();
  clock_.Advance(absl::Milliseconds(1020));
  monitor.Look();

  EXPECT_EQ(monitor.Recall(10).at(0).samples.size(), 3U);

  clock_.Advance(absl::Milliseconds(100));
  monitor.Look();
  EXPECT_EQ(monitor.Recall(10).at(0).samples.size(), 3U);
}

TEST_F(PoolMonitorTest, HandsOutTheLatestSamplesAndTheStateOfNow) {
  PoolMonitor monitor = Make({.interval = absl::Seconds(1), .history = 5});
  sample_.active = 1;
  LookFor(monitor, 10);
  sample_.active = 7;

  const EndpointMemory memory = monitor.Recall(3).at(0);

  EXPECT_EQ(memory.endpoint, "pg-0");
  EXPECT_EQ(memory.summary.samples, 5U);
  ASSERT_EQ(memory.samples.size(), 3U);
  EXPECT_EQ(memory.samples.back().at, clock_.Now());
  EXPECT_EQ(memory.samples.back().active, 1U);
  EXPECT_EQ(memory.now.active, 7U);
}

TEST_F(PoolMonitorTest, TellsOfEachTransitionOnce) {
  PoolMonitor monitor =
      Make({.interval = absl::Seconds(60), .alerts = {.hold = absl::Seconds(3)}});
  int calls = 0;
  const auto listener = monitor.listeners().Add([&calls] { ++calls; });
  sample_.waiting = 9;
  LookFor(monitor, 3);
  EXPECT_TRUE(logged_.empty());
  EXPECT_EQ(Waiters(monitor).state, AlertState::kPending);

  LookFor(monitor, 20);
  ASSERT_EQ(logged_.size(), 1U);
  EXPECT_EQ(logged_[0].endpoint, "pg-0");
  EXPECT_EQ(logged_[0].kind, AlertKind::kWaiters);
  EXPECT_EQ(logged_[0].change, AlertChange::kFired);
  EXPECT_EQ(logged_[0].value.value, 9);
  EXPECT_EQ(logged_[0].value.threshold, 5);
  EXPECT_EQ(Waiters(monitor).state, AlertState::kFiring);

  sample_.waiting = 0;
  LookFor(monitor, 20);
  ASSERT_EQ(logged_.size(), 2U);
  EXPECT_EQ(logged_[1].change, AlertChange::kCleared);
  EXPECT_EQ(logged_[1].fired_for, absl::Seconds(23));
  EXPECT_EQ(Waiters(monitor).state, AlertState::kQuiet);
  EXPECT_EQ(Waiters(monitor).times_fired, 1U);
  EXPECT_EQ(calls, 2);

  monitor.listeners().Remove(listener);
  sample_.waiting = 9;
  LookFor(monitor, 10);
  EXPECT_EQ(logged_.size(), 3U);
  EXPECT_EQ(calls, 2);
}

TEST_F(PoolMonitorTest, RemembersTransitionsByTheirSequence) {
  PoolMonitor monitor = Make({.alerts = {.hold = absl::ZeroDuration()}});
  for (int i = 0; i < 1000; ++i) {
    sample_.waiting = i % 2 == 0 ? 9 : 0;
    LookFor(monitor, 1);
  }

  EXPECT_EQ(monitor.last_sequence(), 1000U);
  EXPECT_TRUE(monitor.TransitionsAfter(1000).empty());
  const std::vector<AlertTransition> latest = monitor.TransitionsAfter(998);
  ASSERT_EQ(latest.size(), 2U);
  EXPECT_EQ(latest[0].change, AlertChange::kFired);
  EXPECT_EQ(latest[1].sequence, 1000U);
  // Bounded, however long nobody asked.
  EXPECT_LT(monitor.TransitionsAfter(0).size(), 500U);
}

TEST_F(PoolMonitorTest, AnErrorRateFiresWithTheSecondFailure) {
  PoolMonitor monitor = Make({.interval = absl::Seconds(10),
                              .history = 5,
                              .alerts = {.hold = absl::ZeroDuration()}});
  sample_.error = "connection refused";
  LookFor(monitor, 10);
  EXPECT_TRUE(logged_.empty());
  LookFor(monitor, 1);
  ASSERT_EQ(logged_.size(), 1U);
  EXPECT_EQ(logged_[0].kind, AlertKind::kErrorRate);

  // The failures leave the history.
  sample_.error.clear();
  LookFor(monitor, 60);
  ASSERT_EQ(logged_.size(), 2U);
  EXPECT_EQ(logged_[1].change, AlertChange::kCleared);
}

TEST_F(PoolMonitorTest, WatchesNothingThatIsSwitchedOff) {
  PoolMonitor monitor =
      Make({.alerts = {.max_waiters = 0, .hold = absl::ZeroDuration()}});
  sample_.waiting = 100;
  LookFor(monitor, 5);

  EXPECT_TRUE(logged_.empty());
  const auto memory = monitor.Recall(0);
  for (const Alert& alert : memory.at(0).alerts) {
    EXPECT_NE(alert.kind, AlertKind::kWaiters);
  }
}

TEST_F(PoolMonitorTest, EndpointsThatComeAndGoKeepTheMemoryOfTheOthers) {
  PoolMonitor monitor =
      Make({.interval = absl::Seconds(1), .alerts = {.hold = absl::ZeroDuration()}});
  sample_.waiting = 9;
  LookFor(monitor, 3);
  endpoints_ = {"pg-1", "pg-0"};
  LookFor(monitor, 1);

  ASSERT_EQ(monitor.Recall(10).size(), 2U);
  EXPECT_EQ(monitor.Recall(10)[0].endpoint, "pg-1");
  EXPECT_EQ(monitor.Recall(10)[0].samples.size(), 1U);
  EXPECT_EQ(monitor.Recall(10)[1].samples.size(), 4U);

  // Whoever has seen an alert fire sees it clear.
  logged_.clear();
  endpoints_ = {"pg-1"};
  LookFor(monitor, 1);
  ASSERT_EQ(logged_.size(), 1U);
  EXPECT_EQ(logged_[0].endpoint, "pg-0");
  EXPECT_EQ(logged_[0].change, AlertChange::kCleared);
  EXPECT_EQ(monitor.Recall(10).size(), 1U);
}

TEST_F(PoolMonitorTest, TakesNewSettingsAndKeepsItsMemory) {
  PoolMonitor monitor = Make({.interval = absl::Seconds(60),
                              .history = 100,
                              .alerts = {.hold = absl::ZeroDuration()}});
  sample_.waiting = 9;
  LookFor(monitor, 1);
  ASSERT_EQ(Waiters(monitor).state, AlertState::kFiring);

  monitor.Reconfigure({.interval = absl::Seconds(1),
                       .history = 2,
                       .alerts = {.max_waiters = 20, .hold = absl::ZeroDuration()}});
  LookFor(monitor, 5);
  EXPECT_EQ(monitor.Recall(10).at(0).samples.size(), 2U);
  EXPECT_EQ(Waiters(monitor).state, AlertState::kQuiet);

  sample_.waiting = 30;
  LookFor(monitor, 1);
  ASSERT_EQ(Waiters(monitor).state, AlertState::kFiring);
  logged_.clear();
  monitor.Reconfigure({.alerts = {.max_waiters = 0}});
  ASSERT_EQ(logged_.size(), 1U);
  EXPECT_EQ(logged_[0].change, AlertChange::kCleared);
}

}  // namespace
}  // namespace pgsluice::testing
