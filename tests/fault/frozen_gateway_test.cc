// The gateway stands still, and its sockets stay open: nothing of its own watches over a
// transaction or a statement any more. PostgreSQL's own time limits, which the gateway
// set beforehand, end what it left, so that nobody else waits for ever.
#include <csignal>
#include <string>
#include <thread>

#include "tests/fault/fault_test.h"
#include "tests/testing/sql_connection.h"

namespace pgsluice::testing {
namespace {

constexpr absl::Duration kDeadline = absl::Seconds(2);
// A statement outlives its deadline by a second at most; the rest is for a loaded
// machine.
constexpr absl::Duration kGrace = absl::Milliseconds(1500);

class FrozenGatewayTest : public FaultTest {
 public:
  static void SetUpTestSuite() { SetUpCluster({.replicas = 0}); }

 protected:
  void SetUp() override {
    LiveTest::SetUp();
    cluster().Sql(0, "DROP TABLE IF EXISTS account");
    cluster().Sql(0, "CREATE TABLE account (id int PRIMARY KEY, amount int)");
    cluster().Sql(0, "INSERT INTO account VALUES (1, 100)");
  }
  void TearDown() override {
    Thaw();
    FaultTest::TearDown();
  }
  void Freeze() { gateway().Signal(SIGSTOP); }
  void Thaw() { gateway().Signal(SIGCONT); }
  static bool HasRunning(std::string_view sql) {
    return cluster().Sql(0,
                         "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' "
                         "AND pid <> pg_backend_pid() AND query = $1",
                         {std::string(sql)}) != "0";
  }
};

TEST_F(FrozenGatewayTest, PostgresEndsAnIdleTransaction) {
  StartGateway({"limits.transaction_idle_timeout=2s",  // Meant to come too late.
                "session.idle_in_transaction_timeout=2500ms"});
  TransactionStream stream(client());
  stream.Begin();
  ASSERT_EQ(stream.Execute("UPDATE account SET amount = 1").response_case(),
            v1::TransactionResponse::kResult);

  Freeze();
  auto other = SqlConnection::Open(cluster().server(0).local_conninfo());
  ASSERT_TRUE(other.ok()) << other.status();
  ASSERT_TRUE(other->Run("SET lock_timeout = '15s'").ok());
  const auto taken =
      other->Run("UPDATE account SET amount = amount + 5 RETURNING amount");
  Thaw();

  ASSERT_TRUE(taken.ok()) << taken.status();
  EXPECT_EQ(taken->front().front(), "105");
  const v1::TransactionResponse late = stream.Commit();
  EXPECT_NE(late.response_case(), v1::TransactionResponse::kCommitted);
  const Failure end = stream.Finish();
  EXPECT_EQ(end.code, grpc::StatusCode::ABORTED) << end;
  EXPECT_EQ(end.verdict.outcome(), v1::OUTCOME_ROLLED_BACK) << end;
  EXPECT_EQ(cluster().Sql(0, "SELECT amount FROM account"), "105");
}

TEST_F(FrozenGatewayTest, PostgresEndsAStatementAtItsDeadline) {
  StartGateway();
  constexpr std::string_view kSlow = "SELECT pg_sleep(30)";
  v1::QueryRequest request = MakeQuery(kSlow);
  Answer answer;
  const absl::Time begun = absl::Now();
  std::thread caller([&] { answer = client().Query(request, kDeadline); });
  EXPECT_TRUE(WaitFor("it runs", [&] { return HasRunning(kSlow); }));

  Freeze();
  EXPECT_TRUE(WaitFor("it has ended", [&] { return !HasRunning(kSlow); }));
  const absl::Duration lived = absl::Now() - begun;
  Thaw();
  caller.join();

  EXPECT_LE(lived, kDeadline + kGrace);
  EXPECT_EQ(answer.failure.code, grpc::StatusCode::DEADLINE_EXCEEDED) << answer.failure;
}

}  // namespace
}  // namespace pgsluice::testing
