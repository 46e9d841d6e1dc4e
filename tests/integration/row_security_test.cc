// Settings of callers, and PostgreSQL's row-level security by them: two tenants on one
// session.
#include <string>

#include "gmock/gmock.h"

#include "tests/integration/row_security_fixture.h"

namespace pgsluice::testing {
namespace {

using grpc::StatusCode;
using ::testing::HasSubstr;

TEST_F(RowSecurityTest, QueriesSeeTheirTenantsRows) {
  GatewayClient a = Tenant("a");
  GatewayClient b = Tenant("b");

  for (int i = 0; i < 3; ++i) {  // From the second time on they are prepared.
    EXPECT_EQ(Count(a.Query(kCount)), 2 + i);
    EXPECT_EQ(Count(b.Query(kCount)), 1);
    EXPECT_TRUE(a.Query(kInsert, {Text("a")}).ok());
    ExpectNothingLeft();
  }
  EXPECT_EQ(a.Query("SELECT current_setting('app.source')").at(0, 0).text(), "gateway");
  const Answer foreign = a.Query(kInsert, {Text("b")});
  EXPECT_FALSE(foreign.ok());
  EXPECT_EQ(foreign.failure.postgres.sqlstate(), "42501") << foreign.failure;
  EXPECT_EQ(Count(b.Query(kCount)), 1);
  ExpectNothingLeft();
}

TEST_F(RowSecurityTest, ReadsSeeTheirTenantsRowsWhereverTheyRun) {
  GatewayClient a = Tenant("a");
  GatewayClient b = Tenant("b");
  v1::QueryRequest strong = MakeQuery(kCount, {}, v1::INTENT_READ);
  strong.mutable_options()->mutable_freshness()->set_strong(true);

  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Count(a.Read(kCount)), 2);
    EXPECT_EQ(Count(b.Read(kCount)), 1);
    EXPECT_EQ(Count(a.Query(strong)), 2);
    EXPECT_EQ(Count(b.Query(strong)), 1);
    ExpectNothingLeft();
  }
  // An error leaves nothing behind either.
  EXPECT_FALSE(a.Read("SELECT 1 / 0").ok());
  ExpectNothingLeft();
  // A prepared statement whose table has changed is sent again, with its settings.
  cluster().Sql(0, "ALTER TABLE item ADD note text");
  v1::QueryRequest all = MakeQuery("SELECT * FROM item", {}, v1::INTENT_READ);
  all.mutable_options()->mutable_freshness()->set_strong(true);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(a.Query(all).response.row_count(), 2u);
  cluster().Sql(0, "ALTER TABLE item DROP note");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(a.Query(all).response.row_count(), 2u);
  ExpectNothingLeft();
}

TEST_F(RowSecurityTest, StreamsOfReadsSeeTheirTenantsRows) {
  v1::StreamQueryRequest request = MakeStreamQuery("SELECT id FROM item");
  request.mutable_options()->set_intent(v1::INTENT_READ);
  GatewayClient a = Tenant("a");
  GatewayClient b = Tenant("b");

  EXPECT_EQ(a.Stream(request).rows, 2u);
  EXPECT_EQ(b.Stream(request).rows, 1u);
  ExpectNothingLeft();
}

TEST_F(RowSecurityTest, StatementsRunAsTheRoleOfTheirCaller) {
  cluster().Sql(0,
                "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = "
                "'item_reader') THEN CREATE ROLE item_reader; END IF; END $$");
  cluster().Sql(0, "GRANT item_reader TO gateway_user");
  cluster().Sql(0, "GRANT SELECT ON item TO item_reader");
  ASSERT_TRUE(cluster().WaitCaughtUp().ok());
  lines_["callers"][1] =
      "- {name: app, run_as: item_reader, settings: [{name: app.tenant, claim: tenant}]}";
  Reload();
  GatewayClient a = Tenant("a");

  EXPECT_EQ(a.Query("SELECT current_user::text").at(0, 0).text(), "item_reader");
  EXPECT_EQ(a.Read("SELECT current_user::text").at(0, 0).text(), "item_reader");
  EXPECT_EQ(Count(a.Query(kCount)), 2);
  const Answer insert = a.Query(kInsert, {Text("a")});
  EXPECT_EQ(insert.failure.postgres.sqlstate(), "42501") << insert.failure;
  EXPECT_EQ(client().Query("SELECT current_user::text").at(0, 0).text(), "gateway_user");
  EXPECT_EQ(client().Read("SELECT current_user::text").at(0, 0).text(), "gateway_user");
  ExpectNothingLeft();

  lines_["callers"][1] = "- {name: app, run_as: nobody_has_it}";
  Reload();
  EXPECT_FALSE(a.Query("SELECT 1").ok());
  EXPECT_FALSE(a.Read("SELECT 1").ok());
}

TEST_F(RowSecurityTest, BatchesSeeTheirTenantsRows) {
  GatewayClient a = Tenant("a");
  GatewayClient b = Tenant("b");
  v1::BatchResponse response;

  ASSERT_TRUE(Send(a,
                   MakeBatch({"INSERT INTO item (tenant) VALUES ('a')", kCount},
                             v1::BATCH_MODE_ATOMIC, v1::INTENT_WRITE),
                   response)
                  .ok());
  EXPECT_EQ(response.results(1).result().rows(0).values(0).int64(), 3);
  ASSERT_TRUE(
      Send(b, MakeBatch({kCount}, v1::BATCH_MODE_ATOMIC, v1::INTENT_READ), response)
          .ok());
  EXPECT_EQ(response.results(0).result().rows(0).values(0).int64(), 1);
  ExpectNothingLeft();

  // One that fails takes nothing from those behind it.
  ASSERT_TRUE(Send(b,
                   MakeBatch({kCount, "SELECT 1 / 0", kCount}, v1::BATCH_MODE_INDEPENDENT,
                             v1::INTENT_READ),
                   response)
                  .ok());
  EXPECT_EQ(response.results(0).result().rows(0).values(0).int64(), 1);
  EXPECT_TRUE(response.results(1).has_error());
  EXPECT_EQ(response.results(2).result().rows(0).values(0).int64(), 1);
  ExpectNothingLeft();
}

// As by a server that has become a standby: PostgreSQL says so of itself in the same way.
TEST_F(RowSecurityTest, TransactionsSeeTheirTenantsRows) {
  GatewayClient a = Tenant("a");
  GatewayClient b = Tenant("b");
  const auto count = [](TransactionStream& transaction) {
    return transaction.Execute(kCount).result().rows(0).values(0).int64();
  };
  {
    TransactionStream transaction(a);
    ASSERT_TRUE(transaction.Begin().has_begun());
    EXPECT_EQ(count(transaction), 2);
    transaction.Savepoint("s");
    EXPECT_TRUE(transaction.Execute("INSERT INTO item (tenant) VALUES ('b')")
                    .has_statement_error());
    transaction.RollbackTo("s");
    EXPECT_EQ(count(transaction), 2) << "a savepoint takes nothing of it";
    transaction.Execute("INSERT INTO item (tenant) VALUES ('a')");
    EXPECT_TRUE(transaction.Commit().has_committed());
    EXPECT_EQ(transaction.Finish().code, StatusCode::OK);
  }
  {
    TransactionStream transaction(b);
    v1::Begin begin;
    begin.set_auto_savepoint(true);
    ASSERT_TRUE(transaction.Begin(begin).has_begun());
    EXPECT_TRUE(transaction.Execute("SELECT 1 / 0").has_statement_error());
    EXPECT_EQ(count(transaction), 1);
    transaction.Rollback();
    EXPECT_EQ(transaction.Finish().code, StatusCode::OK);
  }
  {
    // Begin, statement and commit in one go.
    TransactionStream transaction(b);
    v1::TransactionRequest request = MakeExecute(kCount);
    request.mutable_begin();
    request.set_then_commit(true);
    ASSERT_TRUE(transaction.Send(request));
    int64_t counted = 0;
    bool has_committed = false;
    while (const auto response = transaction.Receive()) {
      if (response->has_result()) counted = response->result().rows(0).values(0).int64();
      has_committed = has_committed || response->has_committed();
    }
    EXPECT_EQ(counted, 1);
    EXPECT_TRUE(has_committed);
    EXPECT_EQ(transaction.Finish().code, StatusCode::OK);
  }
  EXPECT_EQ(Count(a.Query(kCount)), 3);
  ExpectNothingLeft();
}

TEST_F(RowSecurityTest, NothingOfAProcedureRunsWithoutThem) {
  cluster().Sql(0,
                "CREATE OR REPLACE PROCEDURE commits() LANGUAGE plpgsql AS "
                "$$ BEGIN COMMIT; END $$");
  const Answer answer = Tenant("a").Query("CALL commits()");

  EXPECT_FALSE(answer.ok());
  EXPECT_EQ(answer.failure.postgres.sqlstate(), "2D000") << answer.failure;
  ExpectNothingLeft();
}

TEST_F(RowSecurityTest, WhoLacksTheClaimIsRefused) {
  for (const char* more :
       {"", ",\"tenant\":\"\"", ",\"tenant\":[\"a\"]", ",\"tenant\":null"}) {
    const Answer answer = As(issuer_.Sign(Claims("app", more))).Query("SELECT 1");
    EXPECT_EQ(answer.failure.code, StatusCode::PERMISSION_DENIED) << answer.failure;
    EXPECT_THAT(answer.status.error_message(), HasSubstr("the claim tenant")) << more;
  }
  GatewayClient number = As(issuer_.Sign(Claims("app", ",\"tenant\":9007199254740993")));
  EXPECT_EQ(number.Query(kTenant).at(0, 0).text(), "9007199254740993");
  // Nothing in a value is SQL.
  GatewayClient quoted = As(issuer_.Sign(Claims("app", R"(,"tenant":"a' OR '1'='1")")));
  EXPECT_EQ(quoted.Query(kTenant).at(0, 0).text(), "a' OR '1'='1");
  EXPECT_EQ(Count(quoted.Query(kCount)), 0);
}

}  // namespace
}  // namespace pgsluice::testing
