// Transaction: how long it may be silent and live, and that it is warned before.
#include <string>

#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

class TransactionLimitsTest : public LiveTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    StartGateway({"limits.transaction_idle_timeout=2s", "limits.transaction_warning=1s"});
  }
};

TEST_F(TransactionLimitsTest, SilenceIsWarnedOfBeforeItEndsTheTransaction) {
  TransactionStream transaction(client());
  ASSERT_TRUE(transaction.Begin().has_begun());

  const auto warning = transaction.Receive().value_or(v1::TransactionResponse());
  ASSERT_TRUE(warning.has_expiring()) << warning.ShortDebugString();
  EXPECT_EQ(warning.expiring().limit(), v1::TRANSACTION_LIMIT_IDLE);
  EXPECT_LE(warning.expiring().in().seconds(), 1);
  EXPECT_EQ(warning.seq(), 0U);
  ASSERT_TRUE(transaction.Execute("SELECT 1").has_result());
  EXPECT_TRUE(transaction.Receive()->has_expiring());
  const auto end = *transaction.Receive();
  EXPECT_EQ(end.rolled_back().cause(), v1::ROLLBACK_CAUSE_IDLE) << end.ShortDebugString();
  transaction.Finish();
}

TEST_F(TransactionLimitsTest, TheWholeLifeIsLimitedAndWarnedOf) {
  v1::Begin begin;
  begin.mutable_total_timeout()->set_nanos(800'000'000);
  TransactionStream transaction(client());
  ASSERT_TRUE(transaction.Begin(begin).has_begun());

  const auto warning = transaction.Receive().value_or(v1::TransactionResponse());
  ASSERT_TRUE(warning.has_expiring()) << warning.ShortDebugString();
  EXPECT_EQ(warning.expiring().limit(), v1::TRANSACTION_LIMIT_TOTAL);
  const auto end = *transaction.Receive();
  EXPECT_EQ(end.rolled_back().cause(), v1::ROLLBACK_CAUSE_EXPIRED)
      << end.ShortDebugString();
  EXPECT_EQ(transaction.Finish().code, grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(TransactionLimitsTest, TheWholeLifeEndsARunningStatement) {
  v1::Begin begin;
  begin.mutable_total_timeout()->set_nanos(300'000'000);
  TransactionStream transaction(client());

  v1::TransactionRequest request = MakeExecute("SELECT pg_sleep(60)");
  *request.mutable_begin() = begin;
  request.set_then_commit(true);
  ASSERT_TRUE(transaction.Send(request));

  const Failure failure = transaction.Finish();
  EXPECT_EQ(failure.code, grpc::StatusCode::DEADLINE_EXCEEDED) << failure;
  EXPECT_EQ(failure.verdict.outcome(), v1::OUTCOME_ROLLED_BACK);
  EXPECT_TRUE(WaitFor("it is gone",
                      [] { return cluster().CountActive(0, "pg_sleep(60)") == 0; }));
}

}  // namespace
}  // namespace pgsluice::testing
