// Prepared statements of a session: kept, bounded, and mended when PostgreSQL or a
// caller makes them invalid.
#include <string>

#include "absl/strings/str_cat.h"

#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

// One session, so that every statement meets what the one before left behind.
class PreparedCacheTest : public LiveTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    StartGateway({"pools.primary.max_size=1", "session.prepared_statements=8"});
  }

  int64_t CountPrepared() {
    const Answer answer = client().Query("SELECT count(*) FROM pg_prepared_statements");
    EXPECT_TRUE(answer.ok()) << answer.failure;
    return answer.at(0, 0).int64();
  }
};

TEST_F(PreparedCacheTest, StatementsArePreparedOnceAndBounded) {
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 30; ++i) {
      const Answer answer =
          client().Query(absl::StrCat("SELECT ", i, " + $1::int8"), {Int(1)});
      ASSERT_TRUE(answer.ok()) << answer.failure;
      ASSERT_EQ(answer.at(0, 0).int64(), i + 1);
    }
  }

  EXPECT_GT(CountPrepared(), 1);
  EXPECT_LE(CountPrepared(), 8);
}

TEST_F(PreparedCacheTest, AChangedTableIsReadAnewWithoutAnError) {
  cluster().Sql(0, "CREATE TABLE shape AS SELECT 1 AS a");
  const Answer before = client().Query("SELECT * FROM shape");
  ASSERT_TRUE(before.ok()) << before.failure;
  cluster().Sql(0, "ALTER TABLE shape ADD COLUMN b text DEFAULT 'new'");

  const Answer after = client().Query("SELECT * FROM shape");

  ASSERT_TRUE(after.ok()) << after.failure;
  ASSERT_EQ(after.response.columns_size(), 2);
  EXPECT_EQ(after.at(0, 1).text(), "new");
  cluster().Sql(0, "DROP TABLE shape");
}

TEST_F(PreparedCacheTest, AChangedTableIsStreamedAnewWithoutAnError) {
  cluster().Sql(0, "CREATE TABLE shape AS SELECT 1 AS a");
  ASSERT_TRUE(client().Stream(MakeStreamQuery("SELECT * FROM shape")).has_trailer);
  cluster().Sql(0, "ALTER TABLE shape ALTER COLUMN a TYPE text");

  const StreamAnswer after = client().Stream(MakeStreamQuery("SELECT * FROM shape"));

  ASSERT_TRUE(after.status.ok()) << after.failure;
  EXPECT_EQ(after.header.columns(0).type_name(), "text");
  cluster().Sql(0, "DROP TABLE shape");
}

TEST_F(PreparedCacheTest, ACallerWhoDeallocatesAllHurtsNobody) {
  for (const char* sql : {"DEALLOCATE ALL", "DISCARD ALL", "DISCARD PLANS"}) {
    SCOPED_TRACE(sql);
    ASSERT_TRUE(client().Query("SELECT 41 + $1::int8", {Int(1)}).ok());

    const Answer discard = client().Query(sql);
    const Answer after = client().Query("SELECT 41 + $1::int8", {Int(1)});

    EXPECT_TRUE(discard.ok()) << discard.failure;
    ASSERT_TRUE(after.ok()) << after.failure;
    EXPECT_EQ(after.at(0, 0).int64(), 42);
  }
}

TEST_F(PreparedCacheTest, DeallocateInsideATransactionHurtsNobody) {
  ASSERT_TRUE(client().Query("SELECT 41 + $1::int8", {Int(1)}).ok());
  TransactionStream transaction(client());
  ASSERT_TRUE(transaction.Begin().has_begun());
  ASSERT_TRUE(transaction.Execute("SELECT 41 + $1::int8", {Int(1)}).has_result());

  ASSERT_TRUE(transaction.Execute("DEALLOCATE ALL").has_result());
  const v1::TransactionResponse inside =
      transaction.Execute("SELECT 41 + $1::int8", {Int(2)});
  transaction.Rollback();
  transaction.Finish();
  const Answer after = client().Query("SELECT 41 + $1::int8", {Int(3)});

  // Inside the transaction the loss may show as an error, but never as a wrong answer.
  if (inside.has_result()) {
    EXPECT_EQ(inside.result().rows(0).values(0).int64(), 43);
  }
  ASSERT_TRUE(after.ok()) << after.failure;
  EXPECT_EQ(after.at(0, 0).int64(), 44);
}

// What is part of a transaction cannot be sent again by itself; the caller may run it all
// again, and is told so.
TEST_F(PreparedCacheTest, AChangedTableInATransactionIsWorthAnotherTry) {
  cluster().Sql(0, "CREATE TABLE shape AS SELECT 1 AS a");
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client().Query("SELECT * FROM shape").ok());
  cluster().Sql(0, "ALTER TABLE shape ADD COLUMN b text DEFAULT 'new'");
  const auto run = [&] {
    TransactionStream transaction(client());
    EXPECT_TRUE(transaction.Begin().has_begun());
    v1::TransactionResponse response = transaction.Execute("SELECT * FROM shape");
    transaction.Rollback();
    transaction.Finish();
    return response;
  };

  const v1::TransactionResponse first = run();
  const v1::TransactionResponse second = run();

  ASSERT_TRUE(first.has_statement_error()) << first.ShortDebugString();
  const Failure failure = Explain(first.statement_error());
  EXPECT_EQ(failure.reason, "PREPARED_OUTDATED") << failure;
  EXPECT_EQ(failure.code, grpc::StatusCode::ABORTED);
  EXPECT_EQ(failure.verdict.outcome(), v1::OUTCOME_ROLLED_BACK);
  EXPECT_EQ(failure.verdict.scope(), v1::RETRY_SCOPE_TRANSACTION);
  EXPECT_TRUE(second.has_result()) << second.ShortDebugString();
  cluster().Sql(0, "DROP TABLE shape");
}

TEST_F(PreparedCacheTest, AnAtomicBatchRunsAgainForAChangedTable) {
  cluster().Sql(0, "CREATE TABLE shape AS SELECT 1 AS a");
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client().Query("SELECT * FROM shape").ok());
  cluster().Sql(0, "ALTER TABLE shape ADD COLUMN b text DEFAULT 'new'");
  v1::BatchRequest request;
  request.set_mode(v1::BATCH_MODE_ATOMIC);
  request.add_steps()->mutable_statement()->set_sql("SELECT 1");
  request.add_steps()->mutable_statement()->set_sql("SELECT * FROM shape");

  v1::BatchResponse response;
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  const Failure failure = Explain(client().stub().Batch(&context, request, &response));

  ASSERT_EQ(failure.code, grpc::StatusCode::OK) << failure;
  EXPECT_EQ(response.attempts(), 2u);
  EXPECT_EQ(response.results(1).result().columns_size(), 2);
  cluster().Sql(0, "DROP TABLE shape");
}

TEST_F(PreparedCacheTest, CallersOwnPreparedNamesDoNotReachTheNextCaller) {
  ASSERT_TRUE(client().Query("PREPARE mine AS SELECT 1").ok());

  const Answer again = client().Query("PREPARE mine AS SELECT 2");

  EXPECT_TRUE(again.ok()) << again.failure;
}

}  // namespace
}  // namespace pgsluice::testing
