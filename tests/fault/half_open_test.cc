// A half-open link: packets to PostgreSQL and back vanish, and nobody says so. Only TCP's
// own timers tell: keepalives where nothing is in flight, tcp_user_timeout where
// something is. With the defaults, as here, both take less than 5 s.
#include <arpa/inet.h>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

#include "tests/fault/fault_test.h"
#include "tests/testing/free_port.h"
#include "tests/testing/namespace_relay.h"
#include "tests/testing/network_namespace.h"

namespace pgsluice::testing {
namespace {

// A statement on the server notices nothing, so that it has to end by itself.
constexpr char kSlowRead[] = "SELECT pg_sleep(6)";
constexpr char kSlowWrite[] = "INSERT INTO ledger SELECT 1 FROM pg_sleep(6)";
constexpr absl::Duration kFoundWithin = absl::Seconds(5);

class HalfOpenTest : public FaultTest {
 public:
  static void SetUpTestSuite() { SetUpCluster({.replicas = 0}); }

 protected:
  void SetUp() override {
    LiveTest::SetUp();
    auto network = NetworkNamespace::Create(cluster().temp_path());
    if (!network.ok()) {
      std::cerr << "SKIPPED, half-open links are not tested: " << network.status()
                << "\n";
      GTEST_SKIP() << network.status();
    }
    network_ = *std::move(network);
    port_ = PickFreePort();
    const int server_port = cluster().server(0).port();
    auto relay = NamespaceRelay::Start(
        *network_, port_, absl::StrCat(cluster().temp_path(), "/.s.PGSQL.", server_port));
    ASSERT_TRUE(relay.ok()) << relay.status();
    relay_ = *std::move(relay);
    cluster().Sql(0, "DROP TABLE IF EXISTS ledger");
    cluster().Sql(0, "CREATE TABLE ledger (a int)");
  }
  void TearDown() override {
    FaultTest::TearDown();
    relay_.reset();
    network_.reset();
  }

  // With the default timers.
  void StartBehindLink(std::vector<std::string> set = {}) {
    GatewaySettings settings;
    settings.conninfos = {absl::StrCat("host=", network_->address(), " port=", port_,
                                       " user=postgres dbname=postgres")};
    settings.set = std::move(set);
    settings.set.push_back("pools.primary.connect_timeout=1s");
    StartGateway(std::move(settings));
    ASSERT_TRUE(gateway().IsReady());
    ASSERT_TRUE(SeesRole(0, v1::ROLE_PRIMARY));
    ASSERT_TRUE(gateway().HasPools("a session is idle", [](const auto& stats) {
      return PoolOf(stats, "server0").idle() >= 1;
    }));
  }
  static ::testing::AssertionResult IsRunning() {
    return WaitFor("the statement runs",
                   [] { return cluster().CountActive(0, "pg_sleep(6)") == 1; });
  }
  // While `call` waits for its answer, the link is lost; returns how long it took to end
  // from there on.
  template <typename Call>
  absl::Duration TimeToNotice(Call call) {
    absl::Time noticed;
    std::thread caller([&] {
      call();
      noticed = absl::Now();
    });
    EXPECT_TRUE(IsRunning());
    const absl::Time lost = absl::Now();
    EXPECT_TRUE(network_->LoseAddress().ok());
    caller.join();
    std::cerr << "found after " << noticed - lost << "\n";
    return noticed - lost;
  }
  // Connections to the relay that are not known to be lost.
  int CountEstablished() const {
    in_addr address{};
    inet_pton(AF_INET, network_->address().c_str(), &address);
    const std::string remote = absl::StrFormat("%08X:%04X", address.s_addr, port_);
    std::ifstream table("/proc/net/tcp");
    int count = 0;
    for (std::string line; std::getline(table, line);) {
      const std::vector<std::string> fields =
          absl::StrSplit(line, ' ', absl::SkipEmpty());
      if (fields.size() > 3 && fields[2] == remote && fields[3] == "01") ++count;
    }
    return count;
  }
  void ExpectRestored() {
    ASSERT_TRUE(network_->RegainAddress().ok());
    ExpectServes();
  }
  void ExpectServes() {
    EXPECT_TRUE(WaitFor("calls are served", [&] {
      return client().Query(MakeQuery("SELECT 1"), absl::Seconds(2)).ok();
    }));
    EXPECT_TRUE(gateway().IsQuiet());
    EXPECT_TRUE(WaitFor("nothing of it still runs",
                        [] { return cluster().CountActive(0, "pg_sleep(6)") == 0; }));
  }

  std::unique_ptr<NetworkNamespace> network_;
  std::unique_ptr<NamespaceRelay> relay_;
  int port_ = 0;
};

TEST_F(HalfOpenTest, AReadThatWaitsIsUnavailableAndMayBeSentAgain) {
  // By the gateway itself it would be sent into the same hole.
  StartBehindLink({"limits.read_resend_percent=0"});

  Answer answer;
  const absl::Duration taken = TimeToNotice([&] { answer = client().Read(kSlowRead); });

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::UNAVAILABLE) << answer.failure;
  EXPECT_EQ(answer.failure.verdict.scope(), v1::RETRY_SCOPE_STATEMENT);
  EXPECT_LT(taken, kFoundWithin);
  ExpectRestored();
}

TEST_F(HalfOpenTest, AWriteThatWaitsHasAnUnknownOutcome) {
  StartBehindLink();

  Answer answer;
  const absl::Duration taken = TimeToNotice([&] { answer = client().Query(kSlowWrite); });

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::UNKNOWN) << answer.failure;
  EXPECT_EQ(answer.failure.verdict.outcome(), v1::OUTCOME_UNKNOWN);
  EXPECT_LT(taken, kFoundWithin);
  ExpectRestored();
  EXPECT_EQ(cluster().Sql(0, "SELECT count(*) FROM ledger"), "1")
      << "which is why no one may say that it did not run";
}

TEST_F(HalfOpenTest, ACommitThatVanishesHasAnUnknownOutcome) {
  StartBehindLink();
  TransactionStream transaction(client());
  ASSERT_TRUE(transaction.Begin().has_begun());
  ASSERT_TRUE(transaction.Execute("INSERT INTO ledger VALUES (1)").has_result());

  ASSERT_TRUE(network_->LoseAddress().ok());
  const absl::Time lost = absl::Now();
  EXPECT_FALSE(transaction.Commit().has_committed());
  const Failure failure = transaction.Finish();
  const absl::Duration taken = absl::Now() - lost;

  EXPECT_NE(failure.code, grpc::StatusCode::OK);
  EXPECT_NE(failure.code, grpc::StatusCode::UNAVAILABLE) << failure;
  EXPECT_EQ(failure.verdict.outcome(), v1::OUTCOME_UNKNOWN) << failure;
  EXPECT_LT(taken, kFoundWithin);
  ExpectRestored();
}

TEST_F(HalfOpenTest, AStatementThatVanishesIsFoundByTheUserTimeout) {
  StartBehindLink();

  ASSERT_TRUE(network_->LoseAddress().ok());
  const absl::Time lost = absl::Now();
  const Answer answer = client().Query("INSERT INTO ledger VALUES (1)");
  const absl::Duration taken = absl::Now() - lost;

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::UNKNOWN) << answer.failure;
  EXPECT_EQ(answer.failure.verdict.outcome(), v1::OUTCOME_UNKNOWN);
  EXPECT_LT(taken, kFoundWithin);
  ExpectRestored();
}

// Keepalives as rare as HARCA's: then the probe, which gets no answer either, is what
// has its endpoint's sessions watched closely.
TEST_F(HalfOpenTest, WithRareKeepalivesTheProbeTells) {
  StartBehindLink({"session.keepalive_idle=30s", "pools.primary.min_size=4"});
  ASSERT_TRUE(gateway().HasPools("all sessions are idle", [](const auto& stats) {
    return PoolOf(stats, "server0").idle() == 4;
  }));

  Answer answer;
  const absl::Duration taken = TimeToNotice([&] { answer = client().Query(kSlowWrite); });

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::UNKNOWN) << answer.failure;
  EXPECT_EQ(answer.failure.verdict.outcome(), v1::OUTCOME_UNKNOWN);
  EXPECT_LT(taken, kFoundWithin);
  EXPECT_TRUE(
      WaitFor("the idle ones are found", [&] { return CountEstablished() == 0; }));
  ExpectRestored();
}

TEST_F(HalfOpenTest, IdleSessionsAreFoundDeadAndCostNoCallerAnError) {
  StartBehindLink({"pools.primary.min_size=4"});
  ASSERT_TRUE(gateway().HasPools("all sessions are idle", [](const auto& stats) {
    return PoolOf(stats, "server0").idle() == 4;
  }));
  ASSERT_GE(CountEstablished(), 4);

  ASSERT_TRUE(network_->LoseAddress().ok());
  const absl::Time lost = absl::Now();
  EXPECT_TRUE(WaitFor("they are found", [&] { return CountEstablished() == 0; }));
  EXPECT_LT(absl::Now() - lost, kFoundWithin);
  ASSERT_TRUE(network_->RegainAddress().ok());

  for (int i = 0; i < 8; ++i) {
    const Answer answer = client().Query("INSERT INTO ledger VALUES (1)");
    EXPECT_TRUE(answer.ok()) << answer.failure;
  }
  ExpectServes();
  EXPECT_EQ(cluster().Sql(0, "SELECT count(*) FROM ledger"), "8");
}

}  // namespace
}  // namespace pgsluice::testing
