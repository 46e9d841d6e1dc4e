// A fleet of gateways whose PostgreSQL crashes and comes back: all want all of their
// sessions again, and open them no faster than the fleet may. Told from the server's log.
#include <algorithm>
#include <deque>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdlib.h>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "tests/testing/gateway.h"
#include "tests/testing/postgres_cluster.h"
#include "tests/testing/wait_for.h"

namespace pgsluice::testing {
namespace {

constexpr int kGateways = 4;
constexpr uint32_t kSessions = 64;  // Of each gateway.
constexpr int kRate = 16;           // Connects a second, of each gateway.
constexpr int kBurst = 8;
constexpr int kAtOnce = 4;  // Connects under way, of each gateway.
// Those under way when the second begins are of an earlier one's rate.
constexpr size_t kMostInASecond = kGateways * (kRate + kBurst + kAtOnce);

// A line of the log is "<seconds>.<milliseconds> <text>".
constexpr char kConfiguration[] = R"(
log_connections = on
log_line_prefix = '%n '
)";
// How the line of a pooled session's connect ends; a control session's name is longer.
constexpr char kPooledConnect[] = "application_name=pgsluice";

class ReconnectStormTest : public ::testing::Test {
 public:
  static void SetUpTestSuite() {
    // Before gRPC starts, as in live_test.cc: an idle channel of ours keeps its gateway
    // from ending for as long as it does not look.
    setenv("GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS", "20", 1);
  }

 protected:
  void SetUp() override {
    auto cluster = PostgresCluster::Create(
        {.replicas = 0, .max_connections = 300, .configuration = kConfiguration});
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = *std::move(cluster);
    for (int i = 0; i < kGateways; ++i) {
      GatewaySettings settings;
      settings.conninfos = {cluster_->server(0).conninfo()};
      settings.set = {"server.shards=1",
                      absl::StrCat("pools.primary.min_size=", kSessions),
                      absl::StrCat("pools.primary.max_size=", kSessions),
                      absl::StrCat("pools.primary.connect_rate=", kRate),
                      absl::StrCat("pools.primary.connect_burst=", kBurst),
                      absl::StrCat("pools.primary.max_concurrent_connects=", kAtOnce)};
      settings.temp_path = cluster_->temp_path();
      auto gateway = Gateway::Start(settings);
      ASSERT_TRUE(gateway.ok()) << gateway.status();
      gateways_.push_back(*std::move(gateway));
    }
  }
  void TearDown() override {
    for (const auto& gateway : gateways_) {
      const auto exit_status = gateway->Stop();
      EXPECT_EQ(exit_status.value_or(-1), 0) << exit_status.status() << gateway->Log();
    }
    if (cluster_ == nullptr) return;
    EXPECT_TRUE(
        WaitFor("no backend is left", [&] { return cluster_->CountBackends(0) == 0; }));
  }

  ::testing::AssertionResult AllHaveTheirSessions() {
    for (const auto& gateway : gateways_) {
      auto result = gateway->HasPools("all sessions are idle", [](const auto& stats) {
        return PoolOf(stats, "server0").idle() == kSessions;
      });
      if (!result) return result;
    }
    return ::testing::AssertionSuccess();
  }
  // Of pooled sessions, in seconds, in order.
  std::vector<double> Connects() const {
    std::vector<double> times;
    std::ifstream log(cluster_->server(0).log_path());
    for (std::string line; std::getline(log, line);) {
      double time = 0;
      if (line.ends_with(kPooledConnect) &&
          absl::SimpleAtod(line.substr(0, line.find(' ')), &time)) {
        times.push_back(time);
      }
    }
    std::sort(times.begin(), times.end());
    return times;
  }
  static size_t MostInASecond(const std::vector<double>& times) {
    std::deque<double> window;
    size_t most = 0;
    for (const double time : times) {
      window.push_back(time);
      while (window.front() <= time - 1) window.pop_front();
      most = std::max(most, window.size());
    }
    return most;
  }

  std::unique_ptr<PostgresCluster> cluster_;
  std::vector<std::unique_ptr<Gateway>> gateways_;
};

TEST_F(ReconnectStormTest, AServerThatComesBackIsNotRunOver) {
  ASSERT_TRUE(AllHaveTheirSessions());
  const size_t before = Connects().size();
  ASSERT_GE(before, kGateways * kSessions);

  ASSERT_TRUE(cluster_->server(0).Stop(StopMode::kImmediate).ok());
  ASSERT_TRUE(cluster_->server(0).Start().ok());
  for (const auto& gateway : gateways_) {
    // Sessions that have died idle are found so by who wants them.
    EXPECT_TRUE(WaitFor("calls are served",
                        [&] { return gateway->client().Query("SELECT 1").ok(); }));
  }
  const auto are_new = [&] {
    return Connects().size() >= before + kGateways * kSessions;
  };
  EXPECT_TRUE(WaitFor("all sessions are new", are_new));
  EXPECT_TRUE(AllHaveTheirSessions());

  for (const auto& gateway : gateways_) EXPECT_TRUE(gateway->IsQuiet());
  const std::vector<double> connects = Connects();
  EXPECT_LE(MostInASecond(connects), kMostInASecond);
  EXPECT_EQ(cluster_->CountBackends(0, "idle"),
            static_cast<int>(kGateways * (kSessions + 1)))
      << "with a control session each";
  const std::string log = ReadFile(cluster_->server(0).log_path());
  EXPECT_EQ(log.find("too many clients"), std::string::npos);
  EXPECT_EQ(log.find("connection slots are reserved"), std::string::npos);
  std::cerr << connects.size() - before << " connects after the crash, at most "
            << MostInASecond(connects) << " in a second\n";
}

}  // namespace
}  // namespace pgsluice::testing
