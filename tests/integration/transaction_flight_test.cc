// Transaction: requests that travel to PostgreSQL together, and what becomes of those
// behind an error.
#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/testing/live_test.h"
#include "tests/testing/tcp_gate.h"

namespace pgsluice::testing {
namespace {

v1::TransactionRequest Last(v1::TransactionRequest request) {
  request.set_then_commit(true);
  return request;
}

v1::TransactionRequest First(v1::TransactionRequest request,
                             const v1::Begin& begin = {}) {
  *request.mutable_begin() = begin;
  return request;
}

class TransactionFlightTest : public LiveTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    cluster().Sql(0, "DROP TABLE IF EXISTS ledger");
    cluster().Sql(0, "CREATE TABLE ledger (a int PRIMARY KEY)");
    gate_ = std::make_unique<TcpGate>(cluster().server(0).port());
    GatewaySettings settings;
    settings.conninfos = {absl::StrCat("host=127.0.0.1 port=", gate_->port(),
                                       " user=postgres dbname=postgres")};
    // Nothing else talks to the server meanwhile.
    settings.set = {"limits.transaction_window=64", "probe.interval=1m",
                    "probe.timeout=1m"};
    StartGateway(settings);
    ASSERT_TRUE(gateway().IsReady());
    ASSERT_TRUE(SeesRole(0, v1::ROLE_PRIMARY));
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(client().Query("SELECT 1").ok());
  }

  static std::string Rows() {
    return cluster().Sql(0,
                         "SELECT coalesce(string_agg(a::text, ',' ORDER BY a), '') "
                         "FROM ledger");
  }
  // Of `run`: the fewest of several tries.
  template <class Function>
  int64_t RoundTrips(Function run) {
    int64_t fewest = INT64_MAX;
    gate_->SetDelay(kCountingDelay);
    for (int i = 0; i < 10; ++i) {
      EXPECT_TRUE(gateway().IsQuiet());
      const int64_t before = gate_->round_trips();
      run(i);
      EXPECT_TRUE(gateway().IsQuiet());
      fewest = std::min(fewest, gate_->round_trips() - before);
    }
    return fewest;
  }

  std::unique_ptr<TcpGate> gate_;
};

TEST_F(TransactionFlightTest, OneOfOneStatementCostsOneRoundTrip) {
  const int64_t trips = RoundTrips([&](int i) {
    TransactionStream transaction(client());
    ASSERT_TRUE(transaction.Send(
        First(Last(MakeExecute("INSERT INTO ledger VALUES ($1)", {Int(i)})))));
    for (const auto expected :
         {v1::TransactionResponse::kBegun, v1::TransactionResponse::kResult,
          v1::TransactionResponse::kCommitted}) {
      const auto response = transaction.Receive().value_or(v1::TransactionResponse());
      EXPECT_EQ(response.response_case(), expected) << response.ShortDebugString();
      EXPECT_EQ(response.seq(), 1U);
    }
    EXPECT_EQ(transaction.Finish().code, grpc::StatusCode::OK);
  });

  EXPECT_EQ(trips, 1);
  EXPECT_EQ(Rows(), "0,1,2,3,4,5,6,7,8,9");
}

TEST_F(TransactionFlightTest, RequestsOneByOneCostARoundTripEach) {
  const int64_t trips = RoundTrips([&](int i) {
    TransactionStream transaction(client());
    transaction.Begin();
    transaction.Execute("INSERT INTO ledger VALUES ($1)", {Int(i)});
    EXPECT_TRUE(transaction.Commit().has_committed());
    transaction.Finish();
  });

  EXPECT_EQ(trips, 3);
}

TEST_F(TransactionFlightTest, AReadOnThePrimaryCostsOneRoundTrip) {
  v1::QueryRequest request = MakeQuery("SELECT count(*) FROM ledger");
  request.mutable_options()->set_intent(v1::INTENT_READ);
  request.mutable_options()->mutable_freshness()->set_strong(true);

  EXPECT_EQ(RoundTrips([&](int) { EXPECT_TRUE(client().Query(request).ok()); }), 1);
}

TEST_F(TransactionFlightTest, RequestsSentAheadShareRoundTrips) {
  constexpr int kInserts = 40;
  TransactionStream transaction(client());
  ASSERT_TRUE(transaction.Begin().has_begun());
  const int64_t before = gate_->round_trips();
  ASSERT_TRUE(transaction.Send(MakeExecute("SELECT pg_sleep(0.5)")));
  for (int i = 1; i <= kInserts; ++i) {
    ASSERT_TRUE(
        transaction.Send(MakeExecute("INSERT INTO ledger VALUES ($1)", {Int(i)})));
  }
  v1::TransactionRequest commit;
  commit.mutable_commit();
  ASSERT_TRUE(transaction.Send(commit));

  for (uint64_t seq = 2; seq <= kInserts + 3; ++seq) {
    const auto response = transaction.Receive().value_or(v1::TransactionResponse());
    EXPECT_EQ(response.seq(), seq) << response.ShortDebugString();
  }
  EXPECT_EQ(transaction.Finish().code, grpc::StatusCode::OK);
  EXPECT_LT(gate_->round_trips() - before, kInserts / 4);
  EXPECT_EQ(cluster().Sql(0, "SELECT count(*) FROM ledger"), "40");
}

TEST_F(TransactionFlightTest, NothingIsCommittedWhenTheLastStatementFails) {
  TransactionStream transaction(client());
  ASSERT_TRUE(transaction.Begin().has_begun());
  ASSERT_TRUE(transaction.Execute("INSERT INTO ledger VALUES (1)").has_result());

  const v1::TransactionResponse failed =
      transaction.Ask(Last(MakeExecute("INSERT INTO ledger VALUES (1)")));
  const auto end = transaction.Receive().value_or(v1::TransactionResponse());

  ASSERT_TRUE(failed.has_statement_error()) << failed.ShortDebugString();
  EXPECT_EQ(Explain(failed.statement_error()).sqlstate(), "23505");
  EXPECT_EQ(failed.state(), v1::TRANSACTION_STATE_FAILED);
  ASSERT_TRUE(end.has_rolled_back()) << end.ShortDebugString();
  EXPECT_EQ(end.rolled_back().cause(), v1::ROLLBACK_CAUSE_FAILED);
  EXPECT_EQ(end.state(), v1::TRANSACTION_STATE_ENDED);
  EXPECT_EQ(transaction.Finish().code, grpc::StatusCode::OK);
  EXPECT_EQ(Rows(), "");
}

TEST_F(TransactionFlightTest, NothingIsCommittedWhenTheLastStatementIsRefused) {
  TransactionStream transaction(client());
  ASSERT_TRUE(transaction.Send(First(Last(MakeExecute("COPY ledger FROM STDIN")))));

  EXPECT_TRUE(transaction.Receive()->has_begun());
  EXPECT_TRUE(transaction.Receive()->has_statement_error());
  EXPECT_TRUE(transaction.Receive()->has_rolled_back());
  EXPECT_EQ(transaction.Finish().code, grpc::StatusCode::OK);
}

TEST_F(TransactionFlightTest, ACommitThatFailsIsNotReportedAsCommitted) {
  cluster().Sql(0,
                "ALTER TABLE ledger ADD COLUMN b int REFERENCES ledger "
                "DEFERRABLE INITIALLY DEFERRED");
  TransactionStream transaction(client());
  ASSERT_TRUE(
      transaction.Send(First(Last(MakeExecute("INSERT INTO ledger VALUES (1, 99)")))));

  while (const auto response = transaction.Receive()) {
    EXPECT_FALSE(response->has_committed()) << response->ShortDebugString();
  }
  EXPECT_EQ(transaction.Finish().sqlstate(), "23503");
  EXPECT_EQ(Rows(), "");
}

TEST_F(TransactionFlightTest, ThoseBehindAnErrorAreSkippedUpToARollbackToSavepoint) {
  TransactionStream transaction(client());
  ASSERT_TRUE(transaction.Begin().has_begun());
  ASSERT_TRUE(transaction.Execute("INSERT INTO ledger VALUES (1)").has_result());
  ASSERT_TRUE(transaction.Savepoint("s").has_result());
  v1::TransactionRequest back;
  back.mutable_rollback_to()->set_name("s");
  ASSERT_TRUE(
      transaction.Send(MakeExecute("SELECT 1/(1 - count(*)) FROM pg_sleep(0.2)")));
  ASSERT_TRUE(transaction.Send(MakeExecute("INSERT INTO ledger VALUES (2)")));
  ASSERT_TRUE(transaction.Send(MakeExecute("no SQL at all")));
  ASSERT_TRUE(transaction.Send(back));
  ASSERT_TRUE(transaction.Send(Last(MakeExecute("INSERT INTO ledger VALUES (3)"))));

  const auto failed = *transaction.Receive();
  ASSERT_TRUE(failed.has_statement_error()) << failed.ShortDebugString();
  EXPECT_EQ(failed.state(), v1::TRANSACTION_STATE_FAILED);
  for (int i = 0; i < 2; ++i) {
    const auto skipped = *transaction.Receive();
    ASSERT_TRUE(skipped.has_skipped()) << skipped.ShortDebugString();
    EXPECT_EQ(skipped.skipped().failed_seq(), failed.seq());
    EXPECT_EQ(skipped.state(), v1::TRANSACTION_STATE_FAILED);
  }
  EXPECT_EQ(transaction.Receive()->state(), v1::TRANSACTION_STATE_ACTIVE);
  EXPECT_TRUE(transaction.Receive()->has_result());
  EXPECT_TRUE(transaction.Receive()->has_committed());
  EXPECT_EQ(transaction.Finish().code, grpc::StatusCode::OK);
  EXPECT_EQ(Rows(), "1,3");
}

TEST_F(TransactionFlightTest, ACommitSentAheadOfAnErrorIsARollback) {
  TransactionStream transaction(client());
  v1::TransactionRequest commit;
  commit.mutable_commit();
  ASSERT_TRUE(transaction.Begin().has_begun());
  ASSERT_TRUE(
      transaction.Send(MakeExecute("INSERT INTO ledger SELECT 1 FROM pg_sleep(0.2)")));
  ASSERT_TRUE(transaction.Send(MakeExecute("SELECT 1/0")));
  ASSERT_TRUE(transaction.Send(commit));

  EXPECT_TRUE(transaction.Receive()->has_result());
  EXPECT_TRUE(transaction.Receive()->has_statement_error());
  EXPECT_TRUE(transaction.Receive()->has_rolled_back());
  EXPECT_EQ(transaction.Finish().code, grpc::StatusCode::OK);
  EXPECT_EQ(Rows(), "");
}

TEST_F(TransactionFlightTest, WithAutoSavepointAnErrorUndoesItsStatementOnly) {
  v1::Begin begin;
  begin.set_auto_savepoint(true);
  TransactionStream transaction(client());
  ASSERT_TRUE(
      transaction.Send(First(MakeExecute("INSERT INTO ledger VALUES (1)"), begin)));
  ASSERT_TRUE(transaction.Send(MakeExecute("INSERT INTO ledger VALUES (2), (1)")));
  ASSERT_TRUE(transaction.Send(MakeExecute("INSERT INTO ledger VALUES (3)")));

  EXPECT_TRUE(transaction.Receive()->has_begun());
  EXPECT_TRUE(transaction.Receive()->has_result());
  const auto failed = *transaction.Receive();
  ASSERT_TRUE(failed.has_statement_error()) << failed.ShortDebugString();
  EXPECT_EQ(failed.state(), v1::TRANSACTION_STATE_ACTIVE);
  EXPECT_TRUE(transaction.Receive()->has_result());
  EXPECT_TRUE(transaction.Commit().has_committed());
  EXPECT_EQ(transaction.Finish().code, grpc::StatusCode::OK);
  EXPECT_EQ(Rows(), "1,3");
}

TEST_F(TransactionFlightTest, AResultOverTheLimitEndsOnlyItsStatement) {
  v1::Begin begin;
  begin.mutable_options()->set_max_rows(10);
  TransactionStream transaction(client());
  ASSERT_TRUE(transaction.Begin(begin).has_begun());
  ASSERT_TRUE(transaction.Send(MakeExecute("SELECT pg_sleep(0.2)")));
  ASSERT_TRUE(transaction.Send(MakeExecute("SELECT * FROM generate_series(1, 1000000)")));
  ASSERT_TRUE(transaction.Send(MakeExecute("INSERT INTO ledger VALUES (1)")));

  EXPECT_TRUE(transaction.Receive()->has_result());
  const auto failed = *transaction.Receive();
  EXPECT_EQ(Explain(failed.statement_error()).code, grpc::StatusCode::RESOURCE_EXHAUSTED)
      << failed.ShortDebugString();
  const auto behind = *transaction.Receive();
  // Whether the cancel came in time or not, the state tells.
  EXPECT_EQ(behind.has_skipped(), failed.state() == v1::TRANSACTION_STATE_FAILED)
      << behind.ShortDebugString();
  transaction.Rollback();
  EXPECT_EQ(transaction.Finish().code, grpc::StatusCode::OK);
}

TEST_F(TransactionFlightTest, StreamedRowsAreTakenBeforeTheCommit) {
  v1::TransactionRequest request;
  *request.mutable_query()->mutable_statement() =
      MakeStatement("SELECT generate_series(1, 100000)");
  TransactionStream transaction(client());
  ASSERT_TRUE(transaction.Send(First(Last(request))));

  EXPECT_TRUE(transaction.Receive()->has_begun());
  uint64_t rows = 0;
  auto response = *transaction.Receive();
  for (; response.has_rows(); response = *transaction.Receive()) {
    rows += response.rows().row_count();
  }
  EXPECT_EQ(rows, 100000U);
  EXPECT_TRUE(response.has_result());
  EXPECT_TRUE(transaction.Receive()->has_committed());
  EXPECT_EQ(transaction.Finish().code, grpc::StatusCode::OK);
}

TEST_F(TransactionFlightTest, AConnectionLostWithACommitUnderWayIsInDoubt) {
  TransactionStream transaction(client());
  std::thread cutter([&] {
    EXPECT_TRUE(
        WaitFor("it runs", [] { return cluster().CountActive(0, "pg_sleep(1)") == 1; }));
    gate_->CutAll();
  });
  ASSERT_TRUE(transaction.Send(
      First(Last(MakeExecute("INSERT INTO ledger SELECT 1 FROM pg_sleep(1)")))));

  const Failure failure = transaction.Finish();

  cutter.join();
  EXPECT_EQ(failure.code, grpc::StatusCode::UNKNOWN) << failure;
  EXPECT_EQ(failure.verdict.outcome(), v1::OUTCOME_UNKNOWN);
  EXPECT_TRUE(WaitFor("calls succeed", [&] { return client().Query("SELECT 1").ok(); }));
}

TEST_F(TransactionFlightTest, CutAtAnyByteTheAnswerIsTrue) {
  int committed = 0;
  int unknown = 0;
  for (int64_t bytes = 1; bytes < 400; bytes += 7) {
    cluster().Sql(0, "TRUNCATE ledger");
    ASSERT_TRUE(
        WaitFor("calls succeed", [&] { return client().Query("SELECT 1").ok(); }));
    ASSERT_TRUE(gateway().IsQuiet());
    gate_->CutAfter(bytes);
    TransactionStream transaction(client());
    ASSERT_TRUE(
        transaction.Send(First(Last(MakeExecute("INSERT INTO ledger VALUES (1)")))));
    bool is_committed = false;
    while (const auto response = transaction.Receive()) {
      is_committed |= response->has_committed();
    }
    const Failure failure = transaction.Finish();
    gate_->CutAfter(INT64_MAX);
    ASSERT_TRUE(WaitFor("the old backend is gone", [] {
      return cluster().CountBackends(0, "idle in transaction") == 0 &&
             cluster().CountActive(0, "ledger") == 0;
    }));

    const std::string rows = Rows();
    SCOPED_TRACE(absl::StrCat("cut after ", bytes, " bytes, rows: '", rows, "'"));
    if (is_committed) {
      EXPECT_EQ(rows, "1");
      ++committed;
    } else if (failure.verdict.outcome() == v1::OUTCOME_UNKNOWN) {
      ++unknown;
    } else {
      EXPECT_EQ(rows, "") << failure;
    }
  }
  EXPECT_GT(unknown, 0);
  EXPECT_GT(committed, 0);
}

TEST_F(TransactionFlightTest, OddRequestsAreRefused) {
  v1::TransactionRequest commit;
  commit.mutable_commit();
  for (const v1::TransactionRequest& odd :
       {First(commit), Last(commit), v1::TransactionRequest()}) {
    TransactionStream transaction(client());
    ASSERT_TRUE(transaction.Send(odd));
    EXPECT_EQ(transaction.Finish().code, grpc::StatusCode::INVALID_ARGUMENT)
        << odd.ShortDebugString();
  }
}

}  // namespace
}  // namespace pgsluice::testing
