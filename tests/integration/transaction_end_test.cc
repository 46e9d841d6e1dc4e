// A transaction lives and dies with its stream: however the stream ends before commit,
// nothing of the transaction remains and the session comes back.
#include <string>

#include "gmock/gmock.h"

#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

class TransactionEndTest : public LiveTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    cluster().Sql(0, "DROP TABLE IF EXISTS ledger");
    cluster().Sql(0, "CREATE TABLE ledger (a int PRIMARY KEY)");
  }

  void BeginAndInsert(TransactionStream& transaction, const v1::Begin& begin = {}) {
    ASSERT_TRUE(transaction.Begin(begin).has_begun());
    ASSERT_TRUE(transaction.Execute("INSERT INTO ledger VALUES (1)").has_result());
  }
  // Past the warning.
  static std::optional<v1::TransactionResponse> ReceiveEnd(TransactionStream& stream) {
    auto response = stream.Receive();
    while (response.has_value() && response->has_expiring()) response = stream.Receive();
    return response;
  }
  void ExpectRolledBack() {
    EXPECT_TRUE(WaitFor("no transaction is open", [] {
      return cluster().CountBackends(0, "idle in transaction") == 0;
    }));
    EXPECT_TRUE(gateway().IsQuiet());
    EXPECT_EQ(cluster().Sql(0, "SELECT count(*) FROM ledger"), "0");
    EXPECT_TRUE(client().Query("INSERT INTO ledger VALUES (2)").ok());
  }
};

TEST_F(TransactionEndTest, HalfCloseRollsBack) {
  StartGateway();
  TransactionStream transaction(client());
  BeginAndInsert(transaction);

  transaction.HalfClose();
  const auto last = transaction.Receive();

  ASSERT_TRUE(last.has_value());
  ASSERT_TRUE(last->has_rolled_back()) << last->ShortDebugString();
  EXPECT_EQ(last->rolled_back().cause(), v1::ROLLBACK_CAUSE_HALF_CLOSED);
  EXPECT_EQ(last->state(), v1::TRANSACTION_STATE_ENDED);
  transaction.Finish();
  ExpectRolledBack();
}

TEST_F(TransactionEndTest, CancelRollsBack) {
  StartGateway();
  TransactionStream transaction(client());
  BeginAndInsert(transaction);

  transaction.Cancel();

  EXPECT_EQ(transaction.Finish().code, grpc::StatusCode::CANCELLED);
  ExpectRolledBack();
}

TEST_F(TransactionEndTest, CancelDuringAStatementStopsItAndRollsBack) {
  StartGateway();
  TransactionStream transaction(client());
  BeginAndInsert(transaction);
  ASSERT_TRUE(transaction.Send(MakeExecute("SELECT pg_sleep(60)")));
  ASSERT_TRUE(WaitFor("the statement runs",
                      [] { return cluster().CountActive(0, "pg_sleep(60)") == 1; }));

  transaction.Cancel();

  EXPECT_EQ(transaction.Finish().code, grpc::StatusCode::CANCELLED);
  ExpectRolledBack();
  EXPECT_EQ(cluster().CountActive(0, "pg_sleep(60)"), 0);
}

TEST_F(TransactionEndTest, ADeadlineRollsBack) {
  StartGateway();
  TransactionStream transaction(client(), absl::Milliseconds(500));
  BeginAndInsert(transaction);

  const Failure failure = transaction.Finish();

  EXPECT_EQ(failure.code, grpc::StatusCode::DEADLINE_EXCEEDED) << failure;
  ExpectRolledBack();
}

TEST_F(TransactionEndTest, SilenceBeyondTheServersLimitRollsBack) {
  StartGateway({"limits.transaction_idle_timeout=200ms"});
  TransactionStream transaction(client());
  BeginAndInsert(transaction);

  const auto last = ReceiveEnd(transaction);

  ASSERT_TRUE(last.has_value());
  ASSERT_TRUE(last->has_rolled_back()) << last->ShortDebugString();
  EXPECT_EQ(last->seq(), 0U);
  EXPECT_EQ(last->rolled_back().cause(), v1::ROLLBACK_CAUSE_IDLE);
  EXPECT_NE(transaction.Finish().code, grpc::StatusCode::OK);
  ExpectRolledBack();
}

TEST_F(TransactionEndTest, SilenceBeyondTheCallersOwnLimitRollsBack) {
  StartGateway();
  v1::Begin begin;
  begin.mutable_idle_timeout()->set_nanos(150'000'000);
  TransactionStream transaction(client());
  BeginAndInsert(transaction, begin);

  const auto last = ReceiveEnd(transaction);

  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->rolled_back().cause(), v1::ROLLBACK_CAUSE_IDLE);
  transaction.Finish();
  ExpectRolledBack();
}

TEST_F(TransactionEndTest, ARunningStatementIsNotSilence) {
  StartGateway({"limits.transaction_idle_timeout=200ms"});
  TransactionStream transaction(client());
  ASSERT_TRUE(transaction.Begin().has_begun());

  const v1::TransactionResponse response = transaction.Execute("SELECT pg_sleep(0.6)");

  EXPECT_TRUE(response.has_result()) << response.ShortDebugString();
  EXPECT_TRUE(transaction.Commit().has_committed());
  EXPECT_EQ(transaction.Finish().code, grpc::StatusCode::OK);
}

TEST_F(TransactionEndTest, TheFirstRequestMustBeBegin) {
  StartGateway();
  TransactionStream transaction(client());

  transaction.Execute("INSERT INTO ledger VALUES (1)");

  const Failure failure = transaction.Finish();
  EXPECT_EQ(failure.code, grpc::StatusCode::FAILED_PRECONDITION) << failure;
  ExpectRolledBack();
}

TEST_F(TransactionEndTest, ASecondBeginIsMisuse) {
  StartGateway();
  TransactionStream transaction(client());
  BeginAndInsert(transaction);

  const v1::TransactionResponse second = transaction.Begin();

  EXPECT_FALSE(second.has_begun()) << second.ShortDebugString();
  transaction.Cancel();
  transaction.Finish();
  ExpectRolledBack();
}

TEST_F(TransactionEndTest, AStreamThatSendsNothingHoldsNoSession) {
  StartGateway({"limits.transaction_idle_timeout=300ms"});
  TransactionStream transaction(client());

  // Awaiting begin is silence too.
  EXPECT_EQ(TotalLeased(client().PoolStats()), 0U);
  EXPECT_NE(transaction.Finish().code, grpc::StatusCode::OK);
  EXPECT_TRUE(gateway().IsQuiet());
}

TEST_F(TransactionEndTest, SerializationFailureIsAbortedAndTheWholeIsToBeRunAgain) {
  StartGateway();
  cluster().Sql(0, "INSERT INTO ledger VALUES (10)");
  v1::Begin begin;
  begin.set_isolation(v1::ISOLATION_REPEATABLE_READ);
  TransactionStream first(client());
  ASSERT_TRUE(first.Begin(begin).has_begun());
  ASSERT_TRUE(first.Execute("SELECT * FROM ledger").has_result());
  cluster().Sql(0, "UPDATE ledger SET a = 11");

  const v1::TransactionResponse response = first.Execute("UPDATE ledger SET a = 12");

  ASSERT_TRUE(response.has_statement_error()) << response.ShortDebugString();
  const Failure failure = Explain(response.statement_error());
  EXPECT_EQ(failure.code, grpc::StatusCode::ABORTED);
  EXPECT_EQ(failure.sqlstate(), "40001");
  EXPECT_EQ(failure.verdict.scope(), v1::RETRY_SCOPE_TRANSACTION);
  EXPECT_TRUE(failure.retry_delay.has_value());
  first.Rollback();
  first.Finish();
}

}  // namespace
}  // namespace pgsluice::testing
