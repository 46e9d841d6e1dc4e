// The live view of the pools, looked at without a terminal.
#include "client/cpp/cli/pools_view.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "client/cpp/cli/alert_text.h"
#include "client/cpp/cli/display_width.h"
#include "client/cpp/cli/pools_command.h"
#include "client/cpp/cli/pools_lines.h"

namespace pgsluice::cli {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const absl::Time kStart = absl::FromUnixSeconds(1'000'000);

// A message about `endpoints` busy endpoints, with `samples` of history.
v1::WatchPoolStatsResponse Message(int endpoints, int samples) {
  v1::WatchPoolStatsResponse message;
  v1::PoolStatsResponse& stats = *message.mutable_stats();
  stats.mutable_sample_interval()->set_seconds(60);
  for (int i = 0; i < endpoints; ++i) {
    const std::string name = "server" + std::to_string(i);
    v1::EndpointPoolStats& pool = *stats.add_pools();
    pool.set_endpoint(name);
    pool.set_max_size(10);
    v1::EndpointMonitor& monitor = *stats.add_monitors();
    monitor.set_endpoint(name);
    v1::Sample now;
    now.mutable_time()->set_seconds(absl::ToUnixSeconds(kStart));
    now.set_role(i == 0 ? v1::ROLE_PRIMARY : v1::ROLE_REPLICA);
    now.set_total(10);
    now.set_active(9);
    now.set_waiting(3);
    now.mutable_response_time()->set_nanos(2'500'000);
    for (int j = 0; j < samples; ++j) *monitor.add_samples() = now;
    *monitor.mutable_now() = now;
  }
  return message;
}

void Fire(v1::WatchPoolStatsResponse& message) {
  v1::Alert& alert = *message.mutable_stats()->mutable_monitors(0)->add_alerts();
  alert.set_kind(v1::ALERT_KIND_WAITERS);
  alert.set_state(v1::ALERT_STATE_FIRING);
  alert.set_value(7);
  alert.set_threshold(5);
  alert.mutable_since()->set_seconds(absl::ToUnixSeconds(kStart) - 12);
  v1::AlertTransition& transition = *message.add_transitions();
  transition.set_endpoint("server0");
  transition.set_kind(v1::ALERT_KIND_WAITERS);
  transition.set_change(v1::ALERT_CHANGE_FIRED);
  transition.set_value(7);
  transition.set_threshold(5);
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
}

MATCHER_P(IsAtMostWide, width, "") { return DisplayWidth(arg) <= width; }

TEST(SparklineTest, IsAsWideAsAskedAndEndsWithTheNewest) {
  EXPECT_EQ(Sparkline({0, 1, 5, 10}, 10, 6, Glyphs::kUtf8), "  ▁▂▅█");
  EXPECT_EQ(Sparkline({0, 1, 5, 10}, 10, 2, Glyphs::kUtf8), "▅█");
  EXPECT_EQ(Sparkline({0, 1, 5, 10}, 10, 4, Glyphs::kAscii), "_.=#");
  EXPECT_EQ(Sparkline({}, 10, 3, Glyphs::kUtf8), "   ");
}

TEST(SparklineTest, CrossesOutWhatIsMissingAndTellsLittleFromNothing) {
  EXPECT_EQ(Sparkline({std::nullopt, 0.001, 0}, 10, 3, Glyphs::kUtf8), "×▂▁");
  EXPECT_EQ(Sparkline({std::nullopt, 99}, 10, 2, Glyphs::kAscii), "x#");
  EXPECT_EQ(Sparkline({3}, 0, 1, Glyphs::kUtf8), "▁");
}

TEST(StyledLineTest, CutsAtItsWidthAndColoursOnlyWhenAsked) {
  StyledLine plain({.width = 5});
  plain.Add("ab", Style::kRed).Add("c▁▂▃");
  EXPECT_EQ(plain.text(), "abc▁▂");

  StyledLine colored({.width = 10, .has_color = true});
  colored.Add("ab", Style::kRed).AddAtRight("z");
  EXPECT_EQ(colored.text(), "\x1b[31mab\x1b[0m       z");
  EXPECT_EQ(colored.width(), 10);
}

TEST(PoolsViewTest, FitsEveryScreen) {
  for (const int endpoints : {1, 2, 4, 9, 40}) {
    PoolsView view("db.example.net:7432", absl::Seconds(1));
    for (int i = 0; i < 100; ++i) {
      v1::WatchPoolStatsResponse message = Message(endpoints, 60);
      if (i % 3 == 0) Fire(message);
      view.Add(message, kStart + absl::Seconds(i));
    }
    for (const int width : {1, 8, 20, 40, 63, 64, 79, 80, 81, 200}) {
      for (const int height : {1, 2, 5, 24, 60}) {
        const std::vector<std::string> lines =
            view.Render({.width = width, .height = height}, kStart + absl::Seconds(100));
        EXPECT_LE(lines.size(), static_cast<size_t>(height));
        EXPECT_THAT(lines, Each(IsAtMostWide(width)));
      }
    }
  }
}

TEST(PoolsViewTest, ShowsPastAndPresentOfEachEndpoint) {
  PoolsView view("localhost:7432", absl::Seconds(1));
  for (int i = 0; i < 5; ++i) view.Add(Message(2, 4), kStart + absl::Seconds(i));

  const std::string screen = Joined(view.Render({}, kStart + absl::Seconds(5)));

  EXPECT_THAT(screen, HasSubstr("server0  primary  10 of 10 open, 0 idle"));
  EXPECT_THAT(screen, HasSubstr("server1  replica"));
  EXPECT_THAT(screen, HasSubstr("▇▇▇▇│"));
  EXPECT_THAT(screen, HasSubstr(" ▇▇▇▇▇ "));
  EXPECT_THAT(screen, HasSubstr("2.5 ms"));
  EXPECT_THAT(screen, Not(HasSubstr("ALERT")));
  EXPECT_THAT(screen, Not(HasSubstr("\x1b")));
}

TEST(PoolsViewTest, ShowsAlertsAndWhenTheyFired) {
  PoolsView view("localhost:7432", absl::Seconds(1));
  v1::WatchPoolStatsResponse message = Message(1, 0);
  Fire(message);
  view.Add(message, kStart);

  const std::string plain = Joined(view.Render({}, kStart));
  const std::string colored = Joined(view.Render({.has_color = true}, kStart));

  EXPECT_THAT(plain, HasSubstr("  ! waiters 7 > 5 (12s)\n"));
  EXPECT_THAT(plain, HasSubstr("server0  waiters 7 > 5: fires"));
  EXPECT_THAT(colored, HasSubstr("\x1b[1;31mwaiters 7 > 5 (12s)\x1b[0m"));
}

TEST(PoolsViewTest, DoesNotMoveWhenAnAlertComes) {
  PoolsView view("localhost:7432", absl::Seconds(1));
  view.Add(Message(2, 0), kStart);
  const size_t before = view.Render({.height = 100}, kStart).size();
  v1::WatchPoolStatsResponse message = Message(2, 0);
  Fire(message);
  message.clear_transitions();
  view.Add(message, kStart + absl::Seconds(1));

  EXPECT_EQ(view.Render({.height = 100}, kStart).size(), before);
}

TEST(PoolsViewTest, SaysThatTheGatewayIsGoneAndBack) {
  PoolsView view("localhost:7432", absl::Seconds(1));
  view.Add(Message(1, 0), kStart);
  view.Lost("connection refused", kStart + absl::Seconds(1));
  view.Lost("connection refused", kStart + absl::Seconds(2));
  const auto lost = view.Render({}, kStart + absl::Seconds(8));
  view.Add(Message(1, 0), kStart + absl::Seconds(9));
  const auto back = view.Render({}, kStart + absl::Seconds(9));

  EXPECT_THAT(lost[0], AllOf(StartsWith("pgsluice localhost:7432"),
                             HasSubstr("GONE for 7s"), HasSubstr("connection refused")));
  EXPECT_THAT(lost, Contains(HasSubstr("▇××")));
  EXPECT_THAT(lost, Contains(StartsWith("server0  primary  the gateway is gone")));
  EXPECT_THAT(back[0], Not(HasSubstr("GONE")));
  EXPECT_THAT(back, Contains(HasSubstr("localhost:7432 is back")));
}

TEST(PoolsViewTest, SaysThatNothingComes) {
  PoolsView view("localhost:7432", absl::Seconds(1));
  view.Add(Message(1, 0), kStart);

  EXPECT_THAT(view.Render({}, kStart + absl::Seconds(2))[0], Not(HasSubstr("no word")));
  EXPECT_THAT(view.Render({}, kStart + absl::Seconds(9))[0], HasSubstr("no word for 9s"));
}

TEST(PoolsViewTest, ShowsWhichPoolIsPaused) {
  PoolsView view("localhost:7432", absl::Seconds(1));
  v1::WatchPoolStatsResponse message = Message(2, 0);
  message.mutable_stats()->mutable_pools(1)->set_paused(true);
  view.Add(message, kStart);

  const std::string plain = Joined(view.Render({}, kStart));
  const std::string colored = Joined(view.Render({.has_color = true}, kStart));
  const std::string small = Joined(view.Render({.height = 4}, kStart));

  EXPECT_THAT(plain, HasSubstr("server0  primary  10 of"));
  EXPECT_THAT(plain, HasSubstr("server1  replica  PAUSED  10 of"));
  EXPECT_THAT(colored, HasSubstr("\x1b[1;33mPAUSED\x1b[0m"));
  EXPECT_THAT(small, HasSubstr("PAUSED"));
  EXPECT_THAT(PoolsLines(message, kStart),
              AllOf(HasSubstr("response=2.5ms paused\n"), HasSubstr("response=2.5ms\n")));
  EXPECT_THAT(PoolsTable(message.stats()), HasSubstr("unknown, paused"));

  message.mutable_stats()->mutable_pools(1)->set_paused(false);
  view.Add(message, kStart);
  EXPECT_THAT(Joined(view.Render({}, kStart)), Not(HasSubstr("PAUSED")));
}

TEST(PoolsViewTest, CountsLeasesASecond) {
  PoolsView view("localhost:7432", absl::Seconds(1));
  for (int i = 0; i < 3; ++i) {
    v1::WatchPoolStatsResponse message = Message(1, 0);
    message.mutable_stats()->mutable_pools(0)->mutable_counters()->set_acquired(
        static_cast<uint64_t>(i) * 250);
    view.Add(message, kStart + absl::Seconds(i));
  }

  EXPECT_THAT(Joined(view.Render({}, kStart)), HasSubstr("250 leases/s"));
}

TEST(PoolsLinesTest, HasALineAnEndpointAndOneATransition) {
  v1::WatchPoolStatsResponse message = Message(2, 3);
  Fire(message);

  const std::string lines = PoolsLines(message, kStart);

  EXPECT_THAT(lines, HasSubstr(" server0 primary total=10 active=9 idle=0 waiting=3 "
                               "response=2.5ms alerts=\"waiters 7 > 5\"\n"));
  EXPECT_THAT(lines, HasSubstr(" server1 replica total=10"));
  EXPECT_THAT(lines, HasSubstr(" server0 ALERT waiters 7 > 5: fires\n"));
}

TEST(AlertLinesTest, HasALineForEachAlertThatFires) {
  v1::WatchPoolStatsResponse message = Message(1, 0);
  EXPECT_EQ(AlertLines(message.stats()), "");
  Fire(message);
  EXPECT_EQ(AlertLines(message.stats()), "ALERT server0: waiters 7 > 5\n");
}

TEST(AlertTextTest, NamesNumbersInTheirUnit) {
  EXPECT_EQ(AlertText(v1::ALERT_KIND_IDLE, 0, 1), "idle 0 < 1");
  EXPECT_EQ(AlertText(v1::ALERT_KIND_IDLE, 2, 1), "idle 2 (at least 1)");
  EXPECT_EQ(AlertText(v1::ALERT_KIND_WAITERS, 2, 5), "waiters 2 (at most 5)");
  EXPECT_EQ(AlertText(v1::ALERT_KIND_ERROR_RATE, 0.25, 0.1), "error rate 25% > 10%");
  EXPECT_EQ(AlertText(v1::ALERT_KIND_RESPONSE_TIME, 0.75, 0.5),
            "response time 750.0 ms > 500.0 ms");
}

}  // namespace
}  // namespace pgsluice::cli
