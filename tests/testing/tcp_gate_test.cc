#include "tests/testing/tcp_gate.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "tests/testing/postgres_cluster.h"
#include "tests/testing/sql_connection.h"
#include "tests/testing/wait_for.h"

namespace pgsluice::testing {
namespace {

class TcpGateTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto cluster = PostgresCluster::Create({.replicas = 0});
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = *std::move(cluster);
  }
  static void TearDownTestSuite() { cluster_.reset(); }
  void SetUp() override {
    ASSERT_NE(cluster_, nullptr);
    gate_ = std::make_unique<TcpGate>(cluster_->server(0).port());
    ASSERT_TRUE(WaitFor("the gate is open", [&] { return Connect().ok(); }));
  }

  absl::StatusOr<SqlConnection> Connect() {
    return SqlConnection::Open(absl::StrCat("host=127.0.0.1 port=", gate_->port(),
                                            " user=postgres dbname=postgres"));
  }
  static absl::StatusOr<std::vector<SqlRow>> Repeat(SqlConnection& connection,
                                                    int bytes) {
    return connection.Run("SELECT repeat('x', $1::int)", {absl::StrCat(bytes)});
  }

  static std::unique_ptr<PostgresCluster> cluster_;
  std::unique_ptr<TcpGate> gate_;
};

std::unique_ptr<PostgresCluster> TcpGateTest::cluster_;

TEST_F(TcpGateTest, PassesLargeAnswersUnchanged) {
  auto connection = Connect();
  ASSERT_TRUE(connection.ok());

  const auto rows = Repeat(*connection, 5'000'000);

  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(rows->front().front(), std::string(5'000'000, 'x'));
}

TEST_F(TcpGateTest, RefusesNewConnectionsAndKeepsOldOnes) {
  auto connection = Connect();
  ASSERT_TRUE(connection.ok());

  gate_->SetMode(TcpGate::Mode::kRefuse);

  EXPECT_TRUE(WaitFor("connections are refused", [&] { return !Connect().ok(); }));
  EXPECT_TRUE(connection->Run("SELECT 1").ok());
  gate_->SetMode(TcpGate::Mode::kPass);
  EXPECT_TRUE(WaitFor("connections are accepted", [&] { return Connect().ok(); }));
}

TEST_F(TcpGateTest, CutsAfterSoManyBytes) {
  auto connection = Connect();
  ASSERT_TRUE(connection.ok());

  gate_->CutAfter(100'000);

  EXPECT_FALSE(Repeat(*connection, 200'000).ok());
  EXPECT_TRUE(
      WaitFor("the connection is gone", [&] { return gate_->connections() == 0; }));
  EXPECT_TRUE(Connect().ok());
}

TEST_F(TcpGateTest, DelaysAndThrottles) {
  auto connection = Connect();
  ASSERT_TRUE(connection.ok());
  const absl::Time start = absl::Now();

  gate_->SetDelay(absl::Milliseconds(50));
  ASSERT_TRUE(connection->Run("SELECT 1").ok());
  const absl::Time delayed = absl::Now();
  gate_->SetDelay(absl::ZeroDuration());
  gate_->SetThrottle(1'000'000);
  ASSERT_TRUE(Repeat(*connection, 200'000).ok());

  EXPECT_GE(delayed - start, absl::Milliseconds(100));
  EXPECT_GE(absl::Now() - delayed, absl::Milliseconds(150));
}

TEST_F(TcpGateTest, BlackHoleHoldsDataUntilItIsOpened) {
  gate_->SetMode(TcpGate::Mode::kBlackHole);
  const absl::Time start = absl::Now();
  std::thread opener([&] {
    EXPECT_TRUE(
        WaitFor("a connection is held", [&] { return gate_->connections() > 0; }));
    gate_->SetMode(TcpGate::Mode::kPass);
  });

  EXPECT_TRUE(Connect().ok());

  opener.join();
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
}

}  // namespace
}  // namespace pgsluice::testing
