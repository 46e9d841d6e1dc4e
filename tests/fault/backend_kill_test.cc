// A backend is terminated at its work: the status says what became of the statement,
// and the next call finds a new session.
#include <functional>
#include <string>
#include <thread>

#include "tests/fault/fault_test.h"

namespace pgsluice::testing {
namespace {

class BackendKillTest : public FaultTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    StartGateway();
    cluster().Sql(0, "DROP TABLE IF EXISTS ledger");
    cluster().Sql(0, "CREATE TABLE ledger (a int PRIMARY KEY)");
    ASSERT_TRUE(cluster().WaitCaughtUp().ok());
  }

  // Runs `call` and meanwhile ends the backend that runs a statement with `text`.
  static void WhileKilling(size_t server, const std::string& text,
                           const std::function<void()>& call) {
    std::thread killer([&] {
      EXPECT_TRUE(WaitFor("the backend is killed",
                          [&] { return cluster().TerminateBackends(server, text) > 0; }));
    });
    call();
    killer.join();
  }
  void ExpectRestored() {
    EXPECT_TRUE(client().Query("SELECT 1").ok());
    EXPECT_TRUE(client().Read("SELECT 1").ok());
    EXPECT_TRUE(gateway().IsQuiet());
    for (size_t i = 0; i < cluster().size(); ++i) {
      EXPECT_EQ(cluster().CountActive(i, "pg_sleep"), 0);
    }
  }
};

// See read_resend_test for what the gateway does about it by itself.
TEST_F(BackendKillTest, DuringAReadIsUnavailable) {
  StartGateway({"limits.read_resend_percent=0"});
  Answer answer;
  WhileKilling(1, "pg_sleep(61)", [&] { answer = client().Read("SELECT pg_sleep(61)"); });

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::UNAVAILABLE) << answer.failure;
  EXPECT_EQ(answer.failure.verdict.scope(), v1::RETRY_SCOPE_STATEMENT);
  EXPECT_EQ(answer.failure.sqlstate(), "57P01");
  ExpectRestored();
}

// The backend's last word comes instead of the statement's tag: it was not committed.
TEST_F(BackendKillTest, DuringAWriteItIsRolledBack) {
  Answer answer;
  WhileKilling(0, "pg_sleep(61)", [&] {
    answer = client().Query("INSERT INTO ledger SELECT 1 FROM pg_sleep(61)");
  });

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::UNAVAILABLE) << answer.failure;
  EXPECT_EQ(answer.failure.reason, "SESSION_LOST");
  EXPECT_EQ(answer.failure.sqlstate(), "57P01");
  EXPECT_EQ(answer.failure.verdict.outcome(), v1::OUTCOME_ROLLED_BACK);
  EXPECT_EQ(answer.failure.verdict.scope(), v1::RETRY_SCOPE_STATEMENT);
  ExpectRestored();
  EXPECT_EQ(cluster().Sql(0, "SELECT count(*) FROM ledger"), "0");
}

// What commits on the way may have taken effect in part.
TEST_F(BackendKillTest, DuringAProcedureTheOutcomeIsUnknown) {
  cluster().Sql(0,
                "CREATE OR REPLACE PROCEDURE halfway() LANGUAGE plpgsql AS $$ BEGIN "
                "INSERT INTO ledger VALUES (7); COMMIT; PERFORM pg_sleep(61); END $$");
  std::thread killer([] {
    EXPECT_TRUE(WaitFor("half of it is committed", [] {
      return cluster().Sql(0, "SELECT count(*) FROM ledger") == "1";
    }));
    EXPECT_EQ(cluster().TerminateBackends(0, "halfway"), 1);
  });
  const Answer answer = client().Query("CALL halfway()");
  killer.join();

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::UNKNOWN) << answer.failure;
  EXPECT_EQ(answer.failure.verdict.outcome(), v1::OUTCOME_UNKNOWN);
  EXPECT_EQ(answer.failure.verdict.scope(), v1::RETRY_SCOPE_RESOLVE_FIRST);
  ExpectRestored();
}

TEST_F(BackendKillTest, DuringAStreamedReadEndsItWithoutATrailer) {
  StartGateway({"limits.read_resend_percent=0"});
  v1::StreamQueryRequest request = MakeStreamQuery(
      "SELECT i, pg_sleep(CASE i WHEN 50000 THEN 61 ELSE 0 END) "
      "FROM generate_series(1, 100000) i");
  request.mutable_options()->set_intent(v1::INTENT_READ);
  StreamAnswer answer;
  WhileKilling(1, "pg_sleep(CASE", [&] { answer = client().Stream(request); });

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::UNAVAILABLE) << answer.failure;
  EXPECT_FALSE(answer.has_trailer);
  ExpectRestored();
}

TEST_F(BackendKillTest, DuringATransactionAbortsIt) {
  TransactionStream transaction(client());
  transaction.Begin();
  ASSERT_TRUE(transaction.Execute("INSERT INTO ledger VALUES (1)").has_result());
  v1::TransactionResponse response;
  WhileKilling(0, "pg_sleep(61)",
               [&] { response = transaction.Execute("SELECT pg_sleep(61)"); });

  EXPECT_FALSE(response.has_result()) << response.ShortDebugString();
  const Failure failure = transaction.Finish();
  EXPECT_EQ(failure.code, grpc::StatusCode::ABORTED) << failure;
  EXPECT_EQ(failure.reason, "TRANSACTION_LOST");
  EXPECT_EQ(failure.verdict.outcome(), v1::OUTCOME_ROLLED_BACK);
  EXPECT_EQ(failure.verdict.scope(), v1::RETRY_SCOPE_TRANSACTION);
  ExpectRestored();
  EXPECT_EQ(cluster().Sql(0, "SELECT count(*) FROM ledger"), "0");
}

TEST_F(BackendKillTest, BetweenTwoStatementsAbortsTheTransaction) {
  TransactionStream transaction(client());
  transaction.Begin();
  ASSERT_TRUE(transaction.Execute("INSERT INTO ledger VALUES (1)").has_result());
  EXPECT_EQ(cluster().Sql(0,
                          "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                          "WHERE state = 'idle in transaction'"),
            "1");
  ASSERT_TRUE(WaitFor("the backend is gone", [] {
    return cluster().CountBackends(0, "idle in transaction") == 0;
  }));

  const v1::TransactionResponse response =
      transaction.Execute("INSERT INTO ledger VALUES (2)");

  EXPECT_FALSE(response.has_result()) << response.ShortDebugString();
  const Failure failure = transaction.Finish();
  EXPECT_EQ(failure.code, grpc::StatusCode::ABORTED) << failure;
  ExpectRestored();
  EXPECT_EQ(cluster().Sql(0, "SELECT count(*) FROM ledger"), "0");
}

TEST_F(BackendKillTest, IdleSessionsThatWereKilledAreNotHandedOut) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(WaitFor("an idle session is killed", [] {
      return cluster().Sql(
                 0,
                 "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                 "WHERE application_name = 'pgsluice'") != "0";
    }));
    // Until the gateway has seen the end of file, a write may be lost on the way.
    ASSERT_TRUE(gateway().HasPools("the dead session is dropped", [&](const auto& stats) {
      const v1::EndpointPoolStats pool = PoolOf(stats, "server0");
      const auto& closed = pool.counters().closed();
      return closed.contains("broken") &&
             closed.at("broken") >= static_cast<uint64_t>(i) + 1;
    }));
    const Answer answer = client().Query("SELECT 1");
    ASSERT_TRUE(answer.ok()) << answer.failure;
  }
  ExpectRestored();
}

}  // namespace
}  // namespace pgsluice::testing
