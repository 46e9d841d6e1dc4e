// Query: DML, notices, caps, packed rows, facts on request, and what is refused.
#include <string>

#include "gmock/gmock.h"

#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;

class QueryTest : public LiveTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    StartGateway();
  }
};

TEST_F(QueryTest, DmlReturnsRowsAndCounts) {
  cluster().Sql(0, "CREATE TABLE item (id serial PRIMARY KEY, name text)");

  const Answer insert =
      client().Query("INSERT INTO item (name) VALUES ($1), ($2), ($3) RETURNING id, name",
                     {Text("a"), Text("b"), Text("c")});
  const Answer update =
      client().Query("UPDATE item SET name = upper(name) WHERE id > $1", {Int(1)});
  const Answer remove = client().Query("DELETE FROM item RETURNING name");
  const Answer none = client().Query("DELETE FROM item");

  ASSERT_TRUE(insert.ok()) << insert.failure;
  EXPECT_EQ(insert.response.rows_affected(), 3U);
  EXPECT_EQ(insert.response.row_count(), 3U);
  EXPECT_EQ(insert.response.command_tag(), "INSERT 0 3");
  EXPECT_EQ(insert.at(2, 1).text(), "c");
  ASSERT_TRUE(update.ok()) << update.failure;
  EXPECT_EQ(update.response.rows_affected(), 2U);
  EXPECT_EQ(update.response.columns_size(), 0);
  ASSERT_TRUE(remove.ok()) << remove.failure;
  EXPECT_EQ(remove.response.rows_affected(), 3U);
  EXPECT_EQ(remove.response.row_count(), 3U);
  EXPECT_EQ(none.response.rows_affected(), 0U);
  EXPECT_EQ(none.response.command_tag(), "DELETE 0");
  cluster().Sql(0, "DROP TABLE item");
}

TEST_F(QueryTest, SelectTouchesNoRows) {
  const Answer answer = client().Query("SELECT generate_series(1, 3)");

  ASSERT_TRUE(answer.ok()) << answer.failure;
  EXPECT_EQ(answer.response.row_count(), 3U);
  EXPECT_EQ(answer.response.rows_affected(), 0U);
  EXPECT_EQ(answer.response.command_tag(), "SELECT 3");
}

TEST_F(QueryTest, NoticesComeWithTheResultUpToSixteen) {
  const Answer one =
      client().Query("DO $$ BEGIN RAISE WARNING 'mind the %', 'gap'; END $$");
  const Answer many = client().Query(
      "DO $$ BEGIN FOR i IN 1..50 LOOP RAISE NOTICE 'n%', i; END LOOP; END $$");

  ASSERT_TRUE(one.ok()) << one.failure;
  ASSERT_EQ(one.response.notices_size(), 1);
  EXPECT_EQ(one.response.notices(0).severity(), "WARNING");
  EXPECT_EQ(one.response.notices(0).message(), "mind the gap");
  EXPECT_EQ(one.response.notices(0).sqlstate(), "01000");
  ASSERT_TRUE(many.ok()) << many.failure;
  EXPECT_EQ(many.response.notices_size(), 16);
  EXPECT_EQ(client().Query("SELECT 1").response.notices_size(), 0);
}

TEST_F(QueryTest, TooManyRowsNameStreamQuery) {
  v1::QueryRequest request = MakeQuery("SELECT generate_series(1, 11)");
  request.mutable_options()->set_max_rows(10);

  const Answer over = client().Query(request);
  request.mutable_options()->set_max_rows(11);
  const Answer at = client().Query(request);
  const Answer over_server_limit = client().Query("SELECT generate_series(1, 10001)");

  EXPECT_EQ(over.failure.code, grpc::StatusCode::RESOURCE_EXHAUSTED) << over.failure;
  EXPECT_THAT(over.failure.message, HasSubstr("StreamQuery"));
  EXPECT_EQ(over.failure.verdict.scope(), v1::RETRY_SCOPE_NEVER);
  EXPECT_TRUE(at.ok()) << at.failure;
  EXPECT_EQ(at.response.row_count(), 11U);
  EXPECT_EQ(over_server_limit.failure.code, grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(QueryTest, TooManyBytesNameStreamQuery) {
  v1::QueryRequest request = MakeQuery("SELECT repeat('x', 20000)");
  request.mutable_options()->set_max_bytes(10000);

  const Answer over = client().Query(request);
  request.mutable_options()->set_max_bytes(30000);
  const Answer below = client().Query(request);
  // Without an option the server's limit holds: an endless result is cut off early.
  const Answer endless =
      client().Query("SELECT repeat('x', 100000) FROM generate_series(1, 9000)");

  EXPECT_EQ(over.failure.code, grpc::StatusCode::RESOURCE_EXHAUSTED) << over.failure;
  EXPECT_THAT(over.failure.message, HasSubstr("StreamQuery"));
  EXPECT_TRUE(below.ok()) << below.failure;
  EXPECT_EQ(endless.failure.code, grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(WaitFor("the statement is gone", [] {
    return cluster().CountActive(0, "repeat('x', 100000)") == 0;
  }));
}

TEST_F(QueryTest, PackedRowsHoldTheTextOfEveryCell) {
  v1::QueryRequest request =
      MakeQuery("SELECT i, NULL, '' FROM generate_series(9, 10) i");
  request.set_encoding(v1::ROW_ENCODING_PACKED);

  const Answer answer = client().Query(request);

  ASSERT_TRUE(answer.ok()) << answer.failure;
  EXPECT_EQ(answer.response.rows_size(), 0);
  EXPECT_EQ(answer.response.row_count(), 2U);
  EXPECT_THAT(answer.response.packed().lengths(),
              ::testing::ElementsAre(1, -1, 0, 2, -1, 0));
  EXPECT_EQ(answer.response.packed().data(), "910");
}

TEST_F(QueryTest, RouteAndTimingComeOnRequest) {
  v1::QueryRequest request = MakeQuery("SELECT 1");
  const Answer plain = client().Query(request);
  request.mutable_options()->set_report(true);
  const Answer reported = client().Query(request);

  EXPECT_FALSE(plain.response.has_route());
  EXPECT_FALSE(plain.response.has_timing());
  ASSERT_TRUE(reported.response.has_route());
  EXPECT_EQ(reported.response.route().endpoint(), "server0");
  EXPECT_EQ(reported.response.route().role(), "primary");
  EXPECT_EQ(reported.response.route().reason(), "write");
  ASSERT_TRUE(reported.response.has_timing());
  EXPECT_GT(reported.response.timing().execute().nanos(), 0);
}

TEST_F(QueryTest, WhatCannotWorkIsRefusedBeforeItIsSent) {
  for (const char* sql :
       {"BEGIN", "  /* c */ COMMIT", "rollback", "SAVEPOINT a", "PREPARE TRANSACTION 'x'",
        "COPY pg_class TO STDOUT", "LISTEN x", "", "  -- nothing\n ;"}) {
    SCOPED_TRACE(sql);
    const Answer answer = client().Query(sql);
    EXPECT_THAT(answer.failure.code,
                ::testing::AnyOf(grpc::StatusCode::INVALID_ARGUMENT,
                                 grpc::StatusCode::FAILED_PRECONDITION,
                                 grpc::StatusCode::UNIMPLEMENTED))
        << answer.failure;
    EXPECT_FALSE(answer.failure.reason.empty());
    EXPECT_EQ(answer.failure.verdict.outcome(), v1::OUTCOME_NOT_STARTED);
    EXPECT_EQ(answer.failure.sqlstate(), "");
  }
}

TEST_F(QueryTest, SeveralStatementsInOneTextAreRefused) {
  const Answer answer = client().Query("SELECT 1; SELECT 2");

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::INVALID_ARGUMENT) << answer.failure;
  EXPECT_EQ(answer.failure.sqlstate(), "42601");
}

TEST_F(QueryTest, EveryCallIsAutocommitted) {
  cluster().Sql(0, "CREATE TABLE auto (a int)");

  ASSERT_TRUE(client().Query("INSERT INTO auto VALUES (1)").ok());

  EXPECT_EQ(cluster().Sql(0, "SELECT count(*) FROM auto"), "1");
  cluster().Sql(0, "DROP TABLE auto");
}

TEST_F(QueryTest, SessionsArePreparedAsConfigured) {
  gateway().Kill();
  StartGateway({"session.application_name=shop", "session.statement_timeout=7s",
                "session.search_path=pg_catalog", "session.time_zone=Asia/Tokyo",
                "session.default_isolation=REPEATABLE_READ"});

  const auto show = [&](const char* sql) { return client().Query(sql).at(0, 0).text(); };

  EXPECT_EQ(show("SHOW application_name"), "shop");
  EXPECT_EQ(show("SHOW statement_timeout"), "7s");
  EXPECT_EQ(show("SHOW search_path"), "pg_catalog");
  EXPECT_EQ(show("SHOW TimeZone"), "Asia/Tokyo");
  EXPECT_EQ(show("SHOW default_transaction_isolation"), "repeatable read");
  EXPECT_EQ(show("SHOW client_encoding"), "UTF8");
}

}  // namespace
}  // namespace pgsluice::testing
