// The gateway's memory of its endpoints: samples, alerts, and the stream that tells of
// both.
#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"

#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;

v1::EndpointMonitor MonitorOf(const v1::PoolStatsResponse& stats,
                              std::string_view endpoint) {
  for (const v1::EndpointMonitor& monitor : stats.monitors()) {
    if (monitor.endpoint() == endpoint) return monitor;
  }
  return {};
}

v1::Alert AlertOf(const v1::PoolStatsResponse& stats, std::string_view endpoint,
                  v1::AlertKind kind) {
  const v1::EndpointMonitor monitor = MonitorOf(stats, endpoint);
  for (const v1::Alert& alert : monitor.alerts()) {
    if (alert.kind() == kind) return alert;
  }
  return {};
}

// One WatchPoolStats stream.
class Watch final {
 public:
  Watch(GatewayClient& client, absl::Duration interval) {
    SetDeadline(context_, absl::Seconds(60));
    v1::WatchPoolStatsRequest request;
    request.mutable_interval()->set_nanos(
        static_cast<int32_t>(absl::ToInt64Nanoseconds(interval % absl::Seconds(1))));
    request.mutable_interval()->set_seconds(absl::ToInt64Seconds(interval));
    reader_ = client.stub().WatchPoolStats(&context_, request);
  }
  ~Watch() {
    context_.TryCancel();
    if (!is_finished_) Finish();
  }

  // False when the stream is over.
  bool Next(v1::WatchPoolStatsResponse& message) { return reader_->Read(&message); }
  // The first transition of this kind; empty when the stream ended before.
  v1::AlertTransition WaitForTransition(v1::AlertKind kind,
                                        v1::WatchPoolStatsResponse& message) {
    while (Next(message)) {
      for (const v1::AlertTransition& transition : message.transitions()) {
        if (transition.kind() == kind) return transition;
      }
    }
    return {};
  }
  grpc::Status Finish() {
    v1::WatchPoolStatsResponse rest;
    while (reader_->Read(&rest)) {
    }
    is_finished_ = true;
    return reader_->Finish();
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchPoolStatsResponse>> reader_;
  bool is_finished_ = false;
};

class PoolMonitorTest : public LiveTest {
 protected:
  size_t LinesWith(const std::string& first, const std::string& second) {
    size_t count = 0;
    const std::vector<std::string> lines = absl::StrSplit(gateway().Log(), '\n');
    for (const std::string& line : lines) {
      if (absl::StrContains(line, first) && absl::StrContains(line, second)) ++count;
    }
    return count;
  }
};

TEST_F(PoolMonitorTest, SamplesArriveAndTheirHistoryIsBounded) {
  StartGateway({"monitor.interval=1s", "monitor.history=3"});

  v1::EndpointMonitor monitor;
  EXPECT_TRUE(WaitFor("the history is full", [&] {
    monitor = MonitorOf(client().PoolStats(100), "server0");
    return monitor.samples_size() == 3;
  }));
  const v1::Sample& sample = monitor.samples(0);
  EXPECT_EQ(sample.role(), v1::ROLE_PRIMARY);
  EXPECT_EQ(sample.error(), "");
  EXPECT_TRUE(sample.has_response_time());
  EXPECT_EQ(monitor.summary().samples(), 3U);
  EXPECT_EQ(monitor.summary().error_rate(), 0);
  EXPECT_GE(monitor.summary().total().max(), 1U);
  EXPECT_TRUE(monitor.summary().has_response_time());
  EXPECT_TRUE(WaitFor("the oldest is forgotten", [&] {
    const auto later = MonitorOf(client().PoolStats(100), "server0");
    EXPECT_EQ(later.samples_size(), 3);
    return later.samples(0).time().seconds() > sample.time().seconds();
  }));
  EXPECT_EQ(MonitorOf(client().PoolStats(2), "server1").samples_size(), 2);
  EXPECT_EQ(MonitorOf(client().PoolStats(), "server1").samples_size(), 0);
}

TEST_F(PoolMonitorTest, AnAlertFiresWhileCallsWaitAndClearsAfterwards) {
  StartGateway({"monitor.interval=1s", "monitor.alerts.max_waiters=2",
                "monitor.alerts.hold=1s", "pools.primary.max_size=1",
                "pools.primary.acquire_timeout=60s"});
  Watch watch(client(), absl::Minutes(10));
  v1::WatchPoolStatsResponse message;
  ASSERT_TRUE(watch.Next(message));
  EXPECT_EQ(message.reason(), v1::WATCH_REASON_START);
  TransactionStream holder(client());
  ASSERT_TRUE(holder.Begin().has_begun());
  std::vector<std::thread> waiters;
  for (int i = 0; i < 4; ++i) {
    waiters.emplace_back([&] { EXPECT_TRUE(client().Query("SELECT 1").ok()); });
  }

  const v1::AlertTransition fired =
      watch.WaitForTransition(v1::ALERT_KIND_WAITERS, message);
  const v1::Alert firing =
      AlertOf(client().PoolStats(), "server0", v1::ALERT_KIND_WAITERS);
  holder.Rollback();
  holder.Finish();
  for (std::thread& waiter : waiters) waiter.join();

  EXPECT_EQ(message.reason(), v1::WATCH_REASON_ALERT);
  EXPECT_EQ(fired.endpoint(), "server0");
  EXPECT_EQ(fired.change(), v1::ALERT_CHANGE_FIRED);
  EXPECT_EQ(fired.value(), 4);
  EXPECT_EQ(fired.threshold(), 2);
  EXPECT_EQ(firing.state(), v1::ALERT_STATE_FIRING);
  EXPECT_TRUE(firing.has_since());

  const v1::AlertTransition cleared =
      watch.WaitForTransition(v1::ALERT_KIND_WAITERS, message);
  EXPECT_EQ(cleared.change(), v1::ALERT_CHANGE_CLEARED);
  EXPECT_GT(cleared.sequence(), fired.sequence());
  EXPECT_TRUE(cleared.has_fired_for());
  const v1::Alert quiet =
      AlertOf(client().PoolStats(), "server0", v1::ALERT_KIND_WAITERS);
  EXPECT_EQ(quiet.state(), v1::ALERT_STATE_QUIET);
  EXPECT_EQ(quiet.times_fired(), 1U);
  EXPECT_TRUE(WaitFor("the end is logged",
                      [&] { return LinesWith("alert clears", "\"waiters\"") > 0; }));
  EXPECT_EQ(LinesWith("alert clears", "\"waiters\""), 1U);
  EXPECT_EQ(LinesWith("alert fires", "\"waiters\""), 1U);
}

TEST_F(PoolMonitorTest, AnIdlePoolThatHasShrunkRaisesNoAlert) {
  StartGateway({"monitor.alerts.hold=0s", "pools.primary.min_size=0",
                "pools.primary.idle_timeout=100ms"});
  ASSERT_TRUE(client().Query("SELECT 1").ok());
  EXPECT_TRUE(gateway().HasPools("no session is left", [](const auto& stats) {
    return PoolOf(stats, "server0").open() == 0 &&
           MonitorOf(stats, "server0").summary().samples() > 0;
  }));

  const v1::Alert idle = AlertOf(client().PoolStats(), "server0", v1::ALERT_KIND_IDLE);

  EXPECT_EQ(idle.state(), v1::ALERT_STATE_QUIET);
  EXPECT_EQ(idle.times_fired(), 0U);
}

TEST_F(PoolMonitorTest, ErrorsAreSampledAndTheirRateRaisesAnAlert) {
  StartGateway({"monitor.interval=1s", "monitor.history=4", "monitor.alerts.hold=0s"});
  Watch watch(client(), absl::Milliseconds(200));
  v1::WatchPoolStatsResponse message;

  ASSERT_TRUE(cluster().server(1).Stop(StopMode::kFast).ok());
  const v1::AlertTransition fired =
      watch.WaitForTransition(v1::ALERT_KIND_ERROR_RATE, message);
  const v1::EndpointMonitor failing = MonitorOf(message.stats(), "server1");
  ASSERT_TRUE(cluster().server(1).Start().ok());
  const v1::AlertTransition cleared =
      watch.WaitForTransition(v1::ALERT_KIND_ERROR_RATE, message);
  const v1::EndpointMonitor healed = MonitorOf(message.stats(), "server1");

  EXPECT_EQ(fired.endpoint(), "server1");
  EXPECT_FALSE(failing.now().error().empty());
  EXPECT_FALSE(failing.now().has_response_time());
  EXPECT_GE(failing.summary().error_rate(), 0.5);
  EXPECT_LT(failing.summary().valid(), failing.summary().samples());
  EXPECT_EQ(cleared.change(), v1::ALERT_CHANGE_CLEARED);
  EXPECT_EQ(healed.now().error(), "");
  EXPECT_EQ(healed.summary().error_rate(), 0);
}

TEST_F(PoolMonitorTest, AThresholdOfZeroWatchesNothing) {
  StartGateway({"monitor.alerts.max_waiters=0", "monitor.alerts.max_lag=0"});

  const v1::EndpointMonitor monitor = MonitorOf(client().PoolStats(), "server0");

  EXPECT_EQ(monitor.alerts_size(), 4);
}

TEST_F(PoolMonitorTest, AWatchTellsTheFullStateAtItsInterval) {
  StartGateway();
  Watch watch(client(), absl::Milliseconds(100));
  v1::WatchPoolStatsResponse message;

  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(watch.Next(message));
    EXPECT_EQ(message.reason(),
              i == 0 ? v1::WATCH_REASON_START : v1::WATCH_REASON_INTERVAL);
    EXPECT_EQ(message.stats().pools_size(), 2);
    EXPECT_EQ(message.stats().monitors_size(), 2);
    EXPECT_EQ(message.stats().sample_interval().seconds(), 60);
  }
}

TEST_F(PoolMonitorTest, AWatchRefusesAnIntervalThatIsTooShort) {
  StartGateway();
  Watch watch(client(), absl::Milliseconds(99));

  const grpc::Status status = watch.Finish();

  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("interval"));
}

TEST_F(PoolMonitorTest, AWatchEndsWithTheDrain) {
  StartGateway({"shutdown.drain_deadline=15s"});
  Watch watch(client(), absl::Minutes(10));
  v1::WatchPoolStatsResponse message;
  ASSERT_TRUE(watch.Next(message));
  const absl::Time begun = absl::Now();

  gateway().Signal(SIGTERM);
  const grpc::Status status = watch.Finish();
  const absl::StatusOr<int> exit_status = gateway().WaitForEnd();
  ForgetGateway();

  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(exit_status.value_or(-1), 0);
  // Not after the deadline of the drain.
  EXPECT_LT(absl::Now() - begun, absl::Seconds(10));
}

}  // namespace
}  // namespace pgsluice::testing
