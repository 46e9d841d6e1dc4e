// PostgreSQL has no room for another session: the gateway serves with those it has, asks
// for more now and then, leaves the superuser's slots alone, and grows when there is
// room.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"

#include "tests/fault/fault_test.h"

namespace pgsluice::testing {
namespace {

constexpr int kMaxConnections = 20;
constexpr int kReserved = 3;  // superuser_reserved_connections, PostgreSQL's default.
constexpr int kMaxSize = 6;
constexpr int kCallers = 8;  // More than max_size: there is always a demand.

class ServerFullTest : public FaultTest {
 public:
  static void SetUpTestSuite() {
    SetUpCluster({.replicas = 0, .max_connections = kMaxConnections});
    cluster().Sql(0, "CREATE ROLE ordinary LOGIN");
  }

 protected:
  void SetUp() override {
    LiveTest::SetUp();
    EXPECT_TRUE(WaitFor("the last test's slots are free", [] {
      return cluster().Sql(0,
                           "SELECT count(*) FROM pg_stat_activity "
                           "WHERE usename = 'ordinary'") == "0";
    }));
  }
  void TearDown() override {
    StopCallers();
    hog_.clear();
    FaultTest::TearDown();
  }

  // By an ordinary role, who may not have the reserved slots.
  static std::string conninfo() {
    return absl::StrCat("host=127.0.0.1 port=", cluster().server(0).port(),
                        " user=ordinary dbname=postgres");
  }
  void Start() {
    GatewaySettings settings;
    settings.conninfos = {conninfo()};
    settings.set = {"pools.primary.min_size=2",
                    absl::StrCat("pools.primary.max_size=", kMaxSize),
                    "pools.primary.full_retry_interval=100ms"};
    StartGateway(std::move(settings));
  }
  // Takes every slot that an ordinary role can have.
  void Hog() {
    while (true) {
      auto connection = SqlConnection::Open(conninfo());
      if (!connection.ok()) return;
      hog_.push_back(*std::move(connection));
    }
  }
  void StartCallers() {
    for (int i = 0; i < kCallers; ++i) {
      callers_.emplace_back([&] {
        while (!is_over_) {
          const Answer answer = client().Query("SELECT 1 FROM pg_sleep(0.02)");
          EXPECT_TRUE(answer.ok()) << answer.failure;
          ++answered_;
        }
      });
    }
  }
  void StopCallers() {
    is_over_ = true;
    for (std::thread& caller : callers_) caller.join();
    callers_.clear();
  }
  ::testing::AssertionResult CallsAreAnswered() {
    const int before = answered_;
    return WaitFor("calls are answered", [&] { return answered_ >= before + 50; });
  }
  // All of them at once.
  static ::testing::AssertionResult ReservedSlotsAreFree() {
    std::vector<SqlConnection> reserved;
    for (int i = 0; i < kReserved; ++i) {
      auto connection = SqlConnection::Open(cluster().server(0).local_conninfo());
      if (!connection.ok()) {
        return ::testing::AssertionFailure() << i << " free: " << connection.status();
      }
      reserved.push_back(*std::move(connection));
    }
    return ::testing::AssertionSuccess();
  }

  std::vector<SqlConnection> hog_;
  std::vector<std::thread> callers_;
  std::atomic<bool> is_over_ = false;
  std::atomic<int> answered_ = 0;
};

TEST_F(ServerFullTest, TheGatewayServesWithTheSessionsItHasAndGrowsOnceThereIsRoom) {
  Start();
  ASSERT_TRUE(gateway().IsReady());
  ASSERT_TRUE(gateway().HasPools("min_size is open", [](const auto& stats) {
    return PoolOf(stats, "server0").open() == 2;
  }));
  Hog();
  ASSERT_GE(hog_.size(), 10U);

  StartCallers();
  EXPECT_TRUE(gateway().HasPools("the target is lower", [](const auto& stats) {
    const v1::EndpointPoolStats pool = PoolOf(stats, "server0");
    return pool.target_size() < kMaxSize && pool.counters().connect_failures() > 0;
  }));
  EXPECT_TRUE(CallsAreAnswered());
  const v1::EndpointPoolStats full = PoolOf(client().PoolStats(), "server0");
  EXPECT_EQ(full.open(), 2U);
  EXPECT_EQ(full.target_size(), 3U);
  EXPECT_EQ(full.max_size(), uint32_t{kMaxSize});
  EXPECT_TRUE(ReservedSlotsAreFree());
  EXPECT_TRUE(gateway().health().IsServing("readiness"));

  hog_.clear();
  EXPECT_TRUE(gateway().HasPools("the target is back", [](const auto& stats) {
    const v1::EndpointPoolStats pool = PoolOf(stats, "server0");
    return pool.target_size() == kMaxSize && pool.open() == kMaxSize;
  }));
  EXPECT_TRUE(CallsAreAnswered());
}

TEST_F(ServerFullTest, TheServerIsAskedForMoreNowAndThenOnly) {
  Start();
  ASSERT_TRUE(gateway().IsReady());
  Hog();
  StartCallers();
  uint64_t before = 0;
  // Those dialled before the server was known to be full fail together.
  ASSERT_TRUE(gateway().HasPools("the first dials have failed", [&](const auto& stats) {
    const v1::EndpointPoolStats pool = PoolOf(stats, "server0");
    before = pool.counters().connect_failures();
    return before > 0 && pool.target_size() < kMaxSize && pool.connecting() == 0;
  }));

  const absl::Time start = absl::Now();
  EXPECT_TRUE(gateway().HasPools("it was asked again", [&](const auto& stats) {
    return PoolOf(stats, "server0").counters().connect_failures() >= before + 5;
  }));

  // Every 100 ms; the first may come at once.
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(350));
}

TEST_F(ServerFullTest, AGatewayThatStartsWithoutRoomServesOnceThereIsSome) {
  Hog();
  Start();
  ASSERT_TRUE(
      WaitFor("it lives", [&] { return gateway().health().IsServing("liveness"); }));
  EXPECT_FALSE(gateway().health().IsServing("readiness"));
  EXPECT_TRUE(ReservedSlotsAreFree());

  hog_.clear();

  EXPECT_TRUE(gateway().IsReady());
  EXPECT_TRUE(client().Query("SELECT 1").ok());
}

}  // namespace
}  // namespace pgsluice::testing
