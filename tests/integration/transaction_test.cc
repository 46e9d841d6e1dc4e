// Transaction: what a caller asks for, request by request.
#include <string>
#include <utility>

#include "gmock/gmock.h"

#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

class TransactionTest : public LiveTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    StartGateway();
    cluster().Sql(0, "DROP TABLE IF EXISTS ledger");
    cluster().Sql(0, "CREATE TABLE ledger (a int PRIMARY KEY)");
  }

  static std::string Rows() {
    return cluster().Sql(0,
                         "SELECT coalesce(string_agg(a::text, ',' ORDER BY a), '') "
                         "FROM ledger");
  }
  static std::string Show(TransactionStream& transaction, const char* sql) {
    const v1::TransactionResponse response = transaction.Execute(sql);
    if (response.result().rows_size() == 0) return response.ShortDebugString();
    return response.result().rows(0).values(0).text();
  }
};

TEST_F(TransactionTest, CommitMakesAllOfItVisibleAtOnce) {
  TransactionStream transaction(client());
  const v1::TransactionResponse begun = transaction.Begin();
  const v1::TransactionResponse first =
      transaction.Execute("INSERT INTO ledger VALUES ($1), ($2)", {Int(1), Int(2)});
  const std::string during = Rows();
  const v1::TransactionResponse committed = transaction.Commit();

  EXPECT_EQ(begun.seq(), 1U);
  EXPECT_EQ(begun.state(), v1::TRANSACTION_STATE_ACTIVE);
  EXPECT_EQ(begun.begun().route().endpoint(), "server0");
  EXPECT_EQ(first.seq(), 2U);
  EXPECT_EQ(first.result().rows_affected(), 2U);
  EXPECT_EQ(during, "");
  EXPECT_TRUE(committed.has_committed()) << committed.ShortDebugString();
  EXPECT_EQ(committed.state(), v1::TRANSACTION_STATE_ENDED);
  EXPECT_EQ(transaction.Finish().code, grpc::StatusCode::OK);
  EXPECT_EQ(Rows(), "1,2");
}

TEST_F(TransactionTest, RollbackLeavesNothing) {
  TransactionStream transaction(client());
  transaction.Begin();
  transaction.Execute("INSERT INTO ledger VALUES (1)");
  const v1::TransactionResponse response = transaction.Rollback();

  ASSERT_TRUE(response.has_rolled_back()) << response.ShortDebugString();
  EXPECT_EQ(response.rolled_back().cause(), v1::ROLLBACK_CAUSE_REQUESTED);
  EXPECT_EQ(response.state(), v1::TRANSACTION_STATE_ENDED);
  EXPECT_EQ(transaction.Finish().code, grpc::StatusCode::OK);
  EXPECT_EQ(Rows(), "");
}

TEST_F(TransactionTest, SavepointsAreSetRolledBackToAndReleased) {
  TransactionStream transaction(client());
  transaction.Begin();
  transaction.Execute("INSERT INTO ledger VALUES (1)");
  EXPECT_TRUE(transaction.Savepoint("a \"quoted\" name").has_result());
  transaction.Execute("INSERT INTO ledger VALUES (2)");
  EXPECT_TRUE(transaction.RollbackTo("a \"quoted\" name").has_result());
  transaction.Execute("INSERT INTO ledger VALUES (3)");
  EXPECT_TRUE(transaction.Release("a \"quoted\" name").has_result());
  const v1::TransactionResponse gone = transaction.Release("a \"quoted\" name");

  ASSERT_TRUE(gone.has_statement_error()) << gone.ShortDebugString();
  EXPECT_EQ(Explain(gone.statement_error()).sqlstate(), "3B001");
  EXPECT_EQ(gone.state(), v1::TRANSACTION_STATE_FAILED);
  transaction.Rollback();
  EXPECT_EQ(transaction.Finish().code, grpc::StatusCode::OK);
  EXPECT_EQ(Rows(), "");
}

TEST_F(TransactionTest, AFailedTransactionComesBackByRollbackToSavepoint) {
  TransactionStream transaction(client());
  transaction.Begin();
  transaction.Execute("INSERT INTO ledger VALUES (1)");
  transaction.Savepoint("s");
  const v1::TransactionResponse failed =
      transaction.Execute("INSERT INTO ledger VALUES (1)");
  const v1::TransactionResponse back = transaction.RollbackTo("s");
  transaction.Execute("INSERT INTO ledger VALUES (2)");
  const v1::TransactionResponse committed = transaction.Commit();

  ASSERT_TRUE(failed.has_statement_error());
  EXPECT_EQ(failed.state(), v1::TRANSACTION_STATE_FAILED);
  const Failure failure = Explain(failed.statement_error());
  EXPECT_EQ(failure.code, grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_EQ(failure.sqlstate(), "23505");
  EXPECT_EQ(failure.postgres.table(), "ledger");
  EXPECT_EQ(back.state(), v1::TRANSACTION_STATE_ACTIVE);
  EXPECT_TRUE(committed.has_committed());
  EXPECT_EQ(transaction.Finish().code, grpc::StatusCode::OK);
  EXPECT_EQ(Rows(), "1,2");
}

TEST_F(TransactionTest, AFailedTransactionSkipsStatements) {
  TransactionStream transaction(client());
  transaction.Begin();
  ASSERT_TRUE(transaction.Execute("SELECT 1/0").has_statement_error());

  const v1::TransactionResponse refused = transaction.Execute("SELECT 1");

  ASSERT_TRUE(refused.has_skipped()) << refused.ShortDebugString();
  EXPECT_EQ(refused.skipped().failed_seq(), 2U);
  EXPECT_EQ(refused.state(), v1::TRANSACTION_STATE_FAILED);
  transaction.Rollback();
  EXPECT_EQ(transaction.Finish().code, grpc::StatusCode::OK);
}

TEST_F(TransactionTest, CommitOfAFailedTransactionIsReportedAsARollback) {
  TransactionStream transaction(client());
  transaction.Begin();
  transaction.Execute("INSERT INTO ledger VALUES (1)");
  ASSERT_TRUE(transaction.Execute("SELECT 1/0").has_statement_error());

  const v1::TransactionResponse response = transaction.Commit();

  EXPECT_FALSE(response.has_committed());
  ASSERT_TRUE(response.has_rolled_back()) << response.ShortDebugString();
  EXPECT_EQ(response.rolled_back().cause(), v1::ROLLBACK_CAUSE_FAILED);
  transaction.Finish();
  EXPECT_EQ(Rows(), "");
}

TEST_F(TransactionTest, CommitThatPostgresqlRefusesIsNotReportedAsCommitted) {
  cluster().Sql(0,
                "ALTER TABLE ledger ADD COLUMN b int REFERENCES ledger "
                "DEFERRABLE INITIALLY DEFERRED");
  TransactionStream transaction(client());
  transaction.Begin();
  ASSERT_TRUE(transaction.Execute("INSERT INTO ledger VALUES (1, 99)").has_result());

  const v1::TransactionResponse response = transaction.Commit();

  EXPECT_FALSE(response.has_committed()) << response.ShortDebugString();
  const Failure failure = response.has_statement_error()
                              ? Explain(response.statement_error())
                              : transaction.Finish();
  EXPECT_EQ(failure.sqlstate(), "23503") << failure;
  EXPECT_EQ(Rows(), "");
}

TEST_F(TransactionTest, TransactionControlAsSqlIsRefused) {
  for (const char* sql :
       {"COMMIT", "BEGIN", "ROLLBACK", "END", "/* x */ savepoint a", "COMMIT AND CHAIN",
        "PREPARE TRANSACTION 'x'", "SET TRANSACTION READ WRITE"}) {
    SCOPED_TRACE(sql);
    TransactionStream transaction(client());
    transaction.Begin();
    transaction.Execute("INSERT INTO ledger VALUES (1)");

    const v1::TransactionResponse refused = transaction.Execute(sql);
    const Failure failure = refused.has_statement_error()
                                ? Explain(refused.statement_error())
                                : transaction.Finish();

    EXPECT_FALSE(refused.has_result());
    EXPECT_THAT(failure.code, ::testing::AnyOf(grpc::StatusCode::INVALID_ARGUMENT,
                                               grpc::StatusCode::FAILED_PRECONDITION))
        << failure;
    transaction.Cancel();
    transaction.Finish();
    EXPECT_TRUE(gateway().IsQuiet());
    EXPECT_EQ(Rows(), "");
  }
}

TEST_F(TransactionTest, TransactionControlHiddenInAProcedureEndsTheStream) {
  cluster().Sql(0,
                "CREATE OR REPLACE PROCEDURE sneaky() LANGUAGE plpgsql AS "
                "$$ BEGIN COMMIT; END $$");
  TransactionStream transaction(client());
  transaction.Begin();
  transaction.Execute("INSERT INTO ledger VALUES (1)");

  // PostgreSQL itself refuses it inside a transaction block (2D000).
  const v1::TransactionResponse response = transaction.Execute("CALL sneaky()");

  ASSERT_TRUE(response.has_statement_error()) << response.ShortDebugString();
  EXPECT_EQ(Explain(response.statement_error()).sqlstate(), "2D000");
  transaction.Rollback();
  transaction.Finish();
  EXPECT_EQ(Rows(), "");
}

TEST_F(TransactionTest, IsolationAndAccessModeAreAsAskedFor) {
  struct Case {
    v1::Isolation isolation;
    const char* expected;
  };
  for (const Case& c : {Case{v1::ISOLATION_UNSPECIFIED, "read committed"},
                        Case{v1::ISOLATION_READ_COMMITTED, "read committed"},
                        Case{v1::ISOLATION_REPEATABLE_READ, "repeatable read"},
                        Case{v1::ISOLATION_SERIALIZABLE, "serializable"}}) {
    v1::Begin begin;
    begin.set_isolation(c.isolation);
    begin.set_read_only(true);
    begin.set_deferrable(c.isolation == v1::ISOLATION_SERIALIZABLE);
    TransactionStream transaction(client());
    ASSERT_TRUE(transaction.Begin(begin).has_begun());

    EXPECT_EQ(Show(transaction, "SHOW transaction_isolation"), c.expected);
    EXPECT_EQ(Show(transaction, "SHOW transaction_read_only"), "on");
    EXPECT_EQ(Show(transaction, "SHOW transaction_deferrable"),
              begin.deferrable() ? "on" : "off");
    const v1::TransactionResponse write =
        transaction.Execute("INSERT INTO ledger VALUES (1)");
    EXPECT_EQ(Explain(write.statement_error()).sqlstate(), "25006");
    transaction.Rollback();
    EXPECT_EQ(transaction.Finish().code, grpc::StatusCode::OK);
  }
}

TEST_F(TransactionTest, RowsOfAnyNumberAreStreamedInside) {
  TransactionStream transaction(client());
  transaction.Begin();
  v1::TransactionRequest request;
  *request.mutable_query()->mutable_statement() =
      MakeStatement("SELECT generate_series(1, 100000)");
  ASSERT_TRUE(transaction.Send(request));

  uint64_t rows = 0;
  v1::TransactionResponse response =
      transaction.Receive().value_or(v1::TransactionResponse());
  for (; response.has_rows();
       response = transaction.Receive().value_or(v1::TransactionResponse())) {
    EXPECT_EQ(response.seq(), 2U);
    rows += response.rows().row_count();
  }

  ASSERT_TRUE(response.has_result()) << response.ShortDebugString();
  EXPECT_EQ(rows, 100000U);
  EXPECT_EQ(response.result().row_count(), 100000U);
  EXPECT_EQ(response.result().command_tag(), "SELECT 100000");
  EXPECT_TRUE(transaction.Commit().has_committed());
  EXPECT_EQ(transaction.Finish().code, grpc::StatusCode::OK);
}

TEST_F(TransactionTest, TheFirstRowsOfAResultBringItsColumns) {
  for (const v1::RowEncoding encoding :
       {v1::ROW_ENCODING_VALUES, v1::ROW_ENCODING_PACKED}) {
    TransactionStream transaction(client());
    transaction.Begin();
    // Twice: each result has columns of its own.
    for (const auto& [sql, name] :
         {std::pair("SELECT g AS a FROM generate_series(1, 100000) g", "a"),
          std::pair("SELECT g AS b FROM generate_series(1, 100000) g", "b")}) {
      v1::TransactionRequest request;
      request.mutable_query()->set_encoding(encoding);
      *request.mutable_query()->mutable_statement() = MakeStatement(sql);
      ASSERT_TRUE(transaction.Send(request));

      int messages = 0;
      v1::TransactionResponse response =
          transaction.Receive().value_or(v1::TransactionResponse());
      for (; response.has_rows();
           response = transaction.Receive().value_or(v1::TransactionResponse())) {
        ASSERT_EQ(response.rows().columns_size(), ++messages == 1 ? 1 : 0);
        if (messages > 1) continue;
        EXPECT_EQ(response.rows().columns(0).name(), name);
        EXPECT_EQ(response.rows().columns(0).type_name(), "int4");
      }

      EXPECT_GT(messages, 2);
      ASSERT_TRUE(response.has_result()) << response.ShortDebugString();
      EXPECT_EQ(response.result().columns_size(), 1);
    }
    EXPECT_TRUE(transaction.Commit().has_committed());
    EXPECT_EQ(transaction.Finish().code, grpc::StatusCode::OK);
  }
}

TEST_F(TransactionTest, AResultWithoutRowsBringsItsColumnsAtItsEnd) {
  TransactionStream transaction(client());
  transaction.Begin();
  v1::TransactionRequest request;
  *request.mutable_query()->mutable_statement() =
      MakeStatement("SELECT a FROM ledger WHERE false");

  const v1::TransactionResponse response = transaction.Ask(request);

  ASSERT_TRUE(response.has_result()) << response.ShortDebugString();
  ASSERT_EQ(response.result().columns_size(), 1);
  EXPECT_EQ(response.result().columns(0).name(), "a");
  EXPECT_TRUE(transaction.Commit().has_committed());
  EXPECT_EQ(transaction.Finish().code, grpc::StatusCode::OK);
}

TEST_F(TransactionTest, RequestsSentAheadAreAnsweredInOrder) {
  TransactionStream transaction(client());
  v1::TransactionRequest begin;
  begin.mutable_begin();
  ASSERT_TRUE(transaction.Send(begin));
  for (int i = 1; i <= 20; ++i) {
    ASSERT_TRUE(
        transaction.Send(MakeExecute("INSERT INTO ledger VALUES ($1)", {Int(i)})));
  }
  v1::TransactionRequest commit;
  commit.mutable_commit();
  ASSERT_TRUE(transaction.Send(commit));

  for (uint64_t seq = 1; seq <= 22; ++seq) {
    const auto response = transaction.Receive();
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->seq(), seq);
  }
  EXPECT_EQ(transaction.Finish().code, grpc::StatusCode::OK);
  EXPECT_EQ(cluster().Sql(0, "SELECT count(*) FROM ledger"), "20");
}

}  // namespace
}  // namespace pgsluice::testing
