// Writes of callers with settings: what they end with, and what is left of them.
#include <functional>
#include <string>
#include <thread>

#include "gmock/gmock.h"

#include "tests/integration/row_security_fixture.h"

namespace pgsluice::testing {
namespace {

using grpc::StatusCode;
using ::testing::HasSubstr;

class RowSecurityWritesTest : public RowSecurityTest {};

TEST_F(RowSecurityWritesTest, StreamsOfWritesAreCommittedWhenTheyAreComplete) {
  constexpr char kMany[] =
      "INSERT INTO item (tenant) SELECT $1 FROM generate_series(1, 20000) RETURNING id, "
      "repeat('x', 100)";
  GatewayClient a = Tenant("a");

  for (int i = 1; i <= 3; ++i) {  // From the second time on it is prepared.
    const StreamAnswer inserted = a.Stream(MakeStreamQuery(kMany, {Text("a")}));
    EXPECT_TRUE(inserted.status.ok()) << inserted.failure;
    EXPECT_EQ(inserted.rows, 20'000u);
    EXPECT_GT(inserted.messages, 3u);
    EXPECT_FALSE(inserted.trailer.token().empty());
    EXPECT_EQ(Count(a.Query(kCount)), 2 + i * 20'000);
    ExpectNothingLeft();
  }
  const StreamAnswer foreign = a.Stream(MakeStreamQuery(kMany, {Text("b")}));
  EXPECT_EQ(foreign.failure.postgres.sqlstate(), "42501") << foreign.failure;
  EXPECT_FALSE(foreign.has_trailer);
  EXPECT_EQ(Count(a.Query(kCount)), 60'002);
  ExpectNothingLeft();
}

TEST_F(RowSecurityWritesTest, AStreamOfAWriteThatIsLeftChangesNothing) {
  GatewayClient a = Tenant("a");
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  const auto reader = a.stub().StreamQuery(
      &context,
      MakeStreamQuery("INSERT INTO item (tenant) SELECT 'a' FROM generate_series(1, "
                      "200000) RETURNING id, repeat('left', 50)"));
  v1::StreamQueryResponse part;
  ASSERT_TRUE(reader->Read(&part));
  ASSERT_TRUE(reader->Read(&part));
  EXPECT_GT(part.rows().rows_size(), 0);

  context.TryCancel();
  while (reader->Read(&part)) EXPECT_FALSE(part.has_trailer());
  EXPECT_EQ(reader->Finish().error_code(), StatusCode::CANCELLED);

  EXPECT_EQ(Count(a.Query(kCount)), 2);
  ExpectNothingLeft();
}

TEST_F(RowSecurityWritesTest, StepsOfIndependentBatchesAreTransactionsOfTheirOwn) {
  GatewayClient a = Tenant("a");
  for (int i = 1; i <= 3; ++i) {
    v1::BatchResponse response;
    v1::BatchRequest batch = MakeBatch(
        {"INSERT INTO item (tenant) VALUES ('a') RETURNING pg_current_xact_id()::text",
         "INSERT INTO item (tenant) VALUES ('b')", "SELECT 1 / 0",
         "INSERT INTO item (tenant) VALUES ('a') RETURNING pg_current_xact_id()::text",
         kCount},
        v1::BATCH_MODE_INDEPENDENT, v1::INTENT_WRITE);

    const grpc::Status status = Send(a, batch, response);

    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_EQ(response.results_size(), 5);
    EXPECT_EQ(Explain(response.results(1).error()).sqlstate(), "42501");
    EXPECT_EQ(Explain(response.results(2).error()).reason, "DIVISION_BY_ZERO");
    EXPECT_NE(response.results(0).result().rows(0).values(0).text(),
              response.results(3).result().rows(0).values(0).text());
    EXPECT_EQ(response.results(4).result().rows(0).values(0).int64(), 2 + i * 2);
    EXPECT_FALSE(response.token().empty());
    ExpectNothingLeft();
  }
}

TEST_F(RowSecurityWritesTest, AWriteWhoseCommitIsLostIsInDoubt) {
  cluster().Sql(0,
                "CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN PERFORM pg_sleep(61); RETURN NULL; END $$");
  cluster().Sql(0,
                "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON item DEFERRABLE "
                "INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()");
  constexpr char kSlow[] = "INSERT INTO item (tenant) VALUES ('a') RETURNING id";
  GatewayClient a = Tenant("a");
  const auto while_killing = [](const std::function<void()>& call) {
    std::thread killer([] {
      EXPECT_TRUE(WaitFor("its COMMIT is killed",
                          [] { return cluster().TerminateBackends(0, "COMMIT") > 0; }));
    });
    call();
    killer.join();
  };

  StreamAnswer stream;
  while_killing([&] { stream = a.Stream(MakeStreamQuery(kSlow)); });
  EXPECT_EQ(stream.failure.reason, "OUTCOME_UNKNOWN") << stream.failure;
  EXPECT_EQ(stream.failure.verdict.scope(), v1::RETRY_SCOPE_RESOLVE_FIRST);
  EXPECT_FALSE(stream.has_trailer);

  v1::BatchResponse response;
  while_killing([&] {
    EXPECT_TRUE(
        Send(a, MakeBatch({kSlow, kCount}, v1::BATCH_MODE_INDEPENDENT, v1::INTENT_WRITE),
             response)
            .ok());
  });
  ASSERT_EQ(response.results_size(), 2);
  const Failure failure = Explain(response.results(0).error());
  EXPECT_EQ(failure.reason, "OUTCOME_UNKNOWN") << failure;
  // Nothing of it had begun: it has found another session.
  EXPECT_EQ(response.results(1).result().rows(0).values(0).int64(), 2);
  cluster().Sql(0, "DROP TRIGGER slow ON item");
  ExpectNothingLeft();
}

TEST_F(RowSecurityWritesTest, AResultOverTheLimitSaysWhetherTheWriteIsCommitted) {
  GatewayClient a = Tenant("a");
  v1::QueryRequest request =
      MakeQuery("INSERT INTO item (tenant) VALUES ('a'), ('a') RETURNING id");
  request.mutable_options()->set_max_rows(1);
  const Answer query = a.Query(request);
  EXPECT_EQ(query.failure.reason, "RESULT_TOO_LARGE") << query.failure;
  EXPECT_EQ(query.failure.verdict.outcome(), v1::OUTCOME_UNKNOWN);
  EXPECT_EQ(Count(a.Query(kCount)), 4);

  v1::BatchRequest batch = MakeBatch({request.statement().sql()},
                                     v1::BATCH_MODE_INDEPENDENT, v1::INTENT_WRITE);
  batch.mutable_options()->set_max_rows(1);
  v1::BatchResponse response;
  ASSERT_TRUE(Send(a, batch, response).ok());
  const Failure failure = Explain(response.results(0).error());
  EXPECT_EQ(failure.reason, "RESULT_TOO_LARGE") << failure;
  EXPECT_EQ(failure.verdict.outcome(), v1::OUTCOME_UNKNOWN);
  EXPECT_EQ(Count(a.Query(kCount)), 6);
  ExpectNothingLeft();
}

TEST_F(RowSecurityWritesTest, AnErrorOfTheCommitIsTheWritesOwn) {
  cluster().Sql(0, "DROP TABLE IF EXISTS pair");
  cluster().Sql(0,
                "CREATE TABLE pair (a int PRIMARY KEY, b int REFERENCES pair DEFERRABLE "
                "INITIALLY DEFERRED)");
  cluster().Sql(0, "GRANT ALL ON pair TO gateway_user");
  constexpr char kDangling[] = "INSERT INTO pair VALUES (1, 77) RETURNING a";
  GatewayClient a = Tenant("a");

  const StreamAnswer stream = a.Stream(MakeStreamQuery(kDangling));
  EXPECT_EQ(stream.failure.postgres.sqlstate(), "23503") << stream.failure;
  EXPECT_EQ(stream.failure.verdict.outcome(), v1::OUTCOME_ROLLED_BACK);
  EXPECT_FALSE(stream.has_trailer);
  v1::BatchResponse response;
  ASSERT_TRUE(Send(a,
                   MakeBatch({kDangling, "INSERT INTO pair VALUES (2)"},
                             v1::BATCH_MODE_INDEPENDENT, v1::INTENT_WRITE),
                   response)
                  .ok());
  EXPECT_EQ(Explain(response.results(0).error()).sqlstate(), "23503");
  EXPECT_TRUE(response.results(1).has_result());
  EXPECT_EQ(cluster().Sql(0, "SELECT count(*) FROM pair"), "1");
  ExpectNothingLeft();
}

TEST_F(RowSecurityWritesTest, ASingleWriteThatIsRefusedIsSentOnceMore) {
  cluster().Sql(0, "CREATE SEQUENCE IF NOT EXISTS tries");
  cluster().Sql(0, "ALTER SEQUENCE tries RESTART");
  cluster().Sql(
      0,
      "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql "
      "SECURITY DEFINER AS $$ BEGIN IF nextval('tries') % 2 = 1 THEN RAISE "
      "EXCEPTION 'refused' USING ERRCODE = '25006'; END IF; RETURN NEW; END $$");
  cluster().Sql(0,
                "CREATE TRIGGER refuse BEFORE INSERT ON item FOR EACH ROW EXECUTE "
                "FUNCTION refuse()");
  const auto tries = [] { return cluster().Sql(0, "SELECT last_value FROM tries"); };
  GatewayClient a = Tenant("a");
  v1::QueryRequest resolved = MakeQuery(kInsert, {Text("a")});
  resolved.mutable_options()->set_resolve_commit(true);

  const Answer query = a.Query(kInsert, {Text("a")});
  EXPECT_TRUE(query.ok()) << query.failure;
  EXPECT_EQ(tries(), "2");
  const Answer other = client().Query(resolved);
  EXPECT_EQ(other.failure.postgres.sqlstate(), "42501") << other.failure;
  EXPECT_EQ(tries(), "4");
  const StreamAnswer stream = a.Stream(MakeStreamQuery(kInsert, {Text("a")}));
  EXPECT_TRUE(stream.status.ok()) << stream.failure;
  EXPECT_EQ(tries(), "6");
  // Of a batch the caller hears, and decides.
  v1::BatchResponse response;
  EXPECT_FALSE(Send(a,
                    MakeBatch({"INSERT INTO item (tenant) VALUES ('a')"},
                              v1::BATCH_MODE_ATOMIC, v1::INTENT_WRITE),
                    response)
                   .ok());
  EXPECT_EQ(tries(), "7");
  cluster().Sql(0, "DROP TRIGGER refuse ON item");
  EXPECT_EQ(Count(a.Query(kCount)), 4);
}

TEST_F(RowSecurityWritesTest, WhatCannotRunInATransactionIsToldWhyItIsInOne) {
  constexpr char kWhy[] = "with the settings of its caller it has to";
  GatewayClient a = Tenant("a");

  EXPECT_THAT(a.Query("VACUUM item").status.error_message(), HasSubstr(kWhy));
  EXPECT_THAT(a.Stream(MakeStreamQuery("VACUUM item")).status.error_message(),
              HasSubstr(kWhy));
  v1::BatchResponse response;
  ASSERT_TRUE(Send(a,
                   MakeBatch({"VACUUM item", kCount}, v1::BATCH_MODE_INDEPENDENT,
                             v1::INTENT_WRITE),
                   response)
                  .ok());
  EXPECT_THAT(response.results(0).error().message(), HasSubstr(kWhy));
  EXPECT_EQ(response.results(1).result().rows(0).values(0).int64(), 2);
  ExpectNothingLeft();
}

}  // namespace
}  // namespace pgsluice::testing
