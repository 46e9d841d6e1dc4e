// What a failed call says: code, SQLSTATE and fields, reason, retry verdict; and that
// it stays small and tells no secrets.
#include <string>
#include <thread>

#include "gmock/gmock.h"

#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

using grpc::StatusCode;
using ::testing::HasSubstr;
using ::testing::Not;

struct ErrorCase {
  const char* sql;
  const char* sqlstate;
  StatusCode code;
  const char* reason;
  v1::Outcome outcome = v1::OUTCOME_ROLLED_BACK;
  v1::RetryScope scope = v1::RETRY_SCOPE_NEVER;
};

constexpr ErrorCase kCases[] = {
    {"SELEC 1", "42601", StatusCode::INVALID_ARGUMENT, "SYNTAX_ERROR"},
    {"SELECT nosuch FROM parent", "42703", StatusCode::INVALID_ARGUMENT,
     "UNDEFINED_COLUMN"},
    {"SELECT * FROM nosuch", "42P01", StatusCode::NOT_FOUND, "UNDEFINED_TABLE"},
    {"SELECT nosuch(1)", "42883", StatusCode::NOT_FOUND, "UNDEFINED_FUNCTION"},
    {"CREATE TABLE parent (a int)", "42P07", StatusCode::ALREADY_EXISTS,
     "DUPLICATE_TABLE"},
    {"INSERT INTO parent VALUES (1, 'x')", "23505", StatusCode::ALREADY_EXISTS,
     "UNIQUE_VIOLATION"},
    {"INSERT INTO child VALUES (99)", "23503", StatusCode::FAILED_PRECONDITION,
     "FOREIGN_KEY_VIOLATION"},
    {"INSERT INTO parent VALUES (2, NULL)", "23502", StatusCode::INVALID_ARGUMENT,
     "NOT_NULL_VIOLATION"},
    {"INSERT INTO parent VALUES (-1, 'x')", "23514", StatusCode::INVALID_ARGUMENT,
     "CHECK_VIOLATION"},
    {"SELECT 1/0", "22012", StatusCode::OUT_OF_RANGE, "DIVISION_BY_ZERO"},
    {"SELECT 'x'::int", "22P02", StatusCode::INVALID_ARGUMENT,
     "INVALID_TEXT_REPRESENTATION"},
    {"SELECT 70000::int2", "22003", StatusCode::OUT_OF_RANGE,
     "NUMERIC_VALUE_OUT_OF_RANGE"},
    {"DO $$ BEGIN RAISE EXCEPTION 'own words'; END $$", "P0001",
     StatusCode::FAILED_PRECONDITION, "RAISE_EXCEPTION"},
    {"DO $$ BEGIN RAISE SQLSTATE '40001'; END $$", "40001", StatusCode::ABORTED,
     "SERIALIZATION_FAILURE", v1::OUTCOME_ROLLED_BACK, v1::RETRY_SCOPE_STATEMENT},
    {"DO $$ BEGIN RAISE SQLSTATE '53100'; END $$", "53100",
     StatusCode::RESOURCE_EXHAUSTED, "DISK_FULL"},
    {"DO $$ BEGIN RAISE SQLSTATE '28P01'; END $$", "28P01", StatusCode::PERMISSION_DENIED,
     "INVALID_PASSWORD"},
    {"DO $$ BEGIN RAISE SQLSTATE 'XX001'; END $$", "XX001", StatusCode::DATA_LOSS,
     "DATA_CORRUPTED"},
};

class ErrorsTest : public LiveTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    cluster().Sql(0, "DROP TABLE IF EXISTS child, parent");
    cluster().Sql(0,
                  "CREATE TABLE parent (a int PRIMARY KEY CHECK (a > 0), "
                  "b text NOT NULL)");
    cluster().Sql(0, "CREATE TABLE child (a int REFERENCES parent)");
    cluster().Sql(0, "INSERT INTO parent VALUES (1, 'one')");
  }
};

TEST_F(ErrorsTest, EveryKindOfErrorHasItsCodeReasonAndVerdict) {
  StartGateway();
  for (const ErrorCase& c : kCases) {
    SCOPED_TRACE(c.sql);
    const Failure failure = client().Query(c.sql).failure;
    EXPECT_EQ(failure.code, c.code) << failure;
    EXPECT_EQ(failure.sqlstate(), c.sqlstate);
    EXPECT_EQ(failure.postgres.severity(), "ERROR");
    EXPECT_FALSE(failure.postgres.message().empty());
    EXPECT_EQ(failure.reason, c.reason);
    EXPECT_EQ(failure.domain, "pgsluice.postgresql");
    EXPECT_EQ(failure.verdict.outcome(), c.outcome) << failure;
    EXPECT_EQ(failure.verdict.scope(), c.scope) << failure;
  }
}

TEST_F(ErrorsTest, FieldsNameWhatIsConcerned) {
  StartGateway();

  const Failure unique = client().Query("INSERT INTO parent VALUES (1, 'x')").failure;
  const Failure not_null = client().Query("INSERT INTO parent VALUES (2, NULL)").failure;
  const Failure syntax = client().Query("SELECT 1 FRM x").failure;

  EXPECT_EQ(unique.postgres.schema(), "public");
  EXPECT_EQ(unique.postgres.table(), "parent");
  EXPECT_EQ(unique.postgres.constraint(), "parent_pkey");
  EXPECT_EQ(not_null.postgres.column(), "b");
  EXPECT_GT(syntax.postgres.position(), 0);
}

TEST_F(ErrorsTest, DetailIsSentOnlyWhenConfigured) {
  StartGateway();
  const Failure without = client().Query("INSERT INTO parent VALUES (1, 'x')").failure;
  gateway().Kill();
  StartGateway({"errors.send_detail=true"});
  const Failure with = client().Query("INSERT INTO parent VALUES (1, 'x')").failure;

  EXPECT_EQ(without.postgres.detail(), "");
  EXPECT_THAT(without.message, Not(HasSubstr("Key (a)")));
  EXPECT_THAT(with.postgres.detail(), HasSubstr("Key (a)=(1)"));
}

TEST_F(ErrorsTest, LargeErrorsAreCutAndStillArriveWhole) {
  StartGateway({"errors.send_detail=true"});
  // Characters of one byte, of several (three bytes each in a trailer's text), and such
  // that a cut in the middle would make bad UTF-8.
  for (const char* character : {"m", "ü", "世", "😀"}) {
    SCOPED_TRACE(character);
    const Failure failure =
        client()
            .Query("DO $$ BEGIN RAISE EXCEPTION '%', repeat('" + std::string(character) +
                   "', 100000) USING DETAIL = repeat('d', 100000), "
                   "HINT = repeat('ü', 100000), TABLE = repeat('t', 100000), "
                   "COLUMN = repeat('c', 100000), CONSTRAINT = repeat('o', 100000); "
                   "END $$")
            .failure;

    EXPECT_EQ(failure.code, StatusCode::FAILED_PRECONDITION) << failure;
    EXPECT_EQ(failure.sqlstate(), "P0001") << failure;
    EXPECT_EQ(failure.verdict.outcome(), v1::OUTCOME_ROLLED_BACK);
    EXPECT_LT(failure.details_size + failure.message.size(), 4096U);
    EXPECT_THAT(failure.postgres.message(), ::testing::EndsWith("..."));
  }
}

TEST_F(ErrorsTest, GatewaysOwnErrorsHaveTheirOwnDomain) {
  StartGateway();

  const Failure failure = client().Query("COPY parent TO STDOUT").failure;

  EXPECT_EQ(failure.domain, "pgsluice");
  EXPECT_FALSE(failure.reason.empty());
  EXPECT_EQ(failure.verdict.outcome(), v1::OUTCOME_NOT_STARTED);
}

TEST_F(ErrorsTest, RefusedCredentialsAreTheGatewaysOwnTrouble) {
  cluster().Sql(0, "CREATE ROLE sluice_login SUPERUSER LOGIN");
  ASSERT_TRUE(cluster().WaitCaughtUp().ok());
  GatewaySettings settings;
  for (size_t i = 0; i < cluster().size(); ++i) {
    settings.conninfos.push_back(cluster().server(i).conninfo() + " user=sluice_login");
  }
  settings.set = {"pools.primary.acquire_timeout=300ms"};
  ASSERT_TRUE(StartGateway(settings).IsReady());
  ASSERT_TRUE(client().Query("SELECT 1").ok());

  cluster().Sql(0, "ALTER ROLE sluice_login NOLOGIN");
  cluster().Sql(
      0,
      "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
      "WHERE usename = 'sluice_login' AND application_name <> 'pgsluice control'");
  Failure failure;
  EXPECT_TRUE(WaitFor("no session can be opened", [&] {
    failure = client().Query("SELECT 1").failure;
    return failure.reason == "BACKEND_AUTH_FAILED";
  })) << failure;

  EXPECT_EQ(failure.code, StatusCode::UNAVAILABLE) << failure;
  EXPECT_EQ(failure.verdict.outcome(), v1::OUTCOME_NOT_STARTED);
  EXPECT_THAT(failure.message, HasSubstr("28000"));
  EXPECT_THAT(failure.message, Not(HasSubstr("sluice_login")));
  cluster().Sql(0, "ALTER ROLE sluice_login LOGIN");
  EXPECT_TRUE(WaitFor("it restores", [&] { return client().Query("SELECT 1").ok(); }));
}

TEST_F(ErrorsTest, SomebodyElsesCancelIsAborted) {
  StartGateway();
  std::thread canceller([] {
    EXPECT_TRUE(WaitFor("the statement is cancelled", [] {
      return cluster().Sql(
                 0,
                 "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity "
                 "WHERE query LIKE 'SELECT pg_sleep(17)%' AND state = 'active'") == "1";
    }));
  });

  const Failure failure = client().Query("SELECT pg_sleep(17)").failure;

  canceller.join();
  EXPECT_EQ(failure.code, StatusCode::ABORTED) << failure;
  EXPECT_EQ(failure.sqlstate(), "57014");
}

TEST_F(ErrorsTest, StatementTimeoutIsADeadline) {
  StartGateway();
  v1::QueryRequest request = MakeQuery("SELECT pg_sleep(17)");
  request.mutable_options()->mutable_statement_timeout()->set_nanos(100'000'000);

  const Failure failure = client().Query(request).failure;

  EXPECT_EQ(failure.code, StatusCode::DEADLINE_EXCEEDED) << failure;
}

}  // namespace
}  // namespace pgsluice::testing
