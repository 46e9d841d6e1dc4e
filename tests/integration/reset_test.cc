// A lease is as good as a new session: nothing that one caller leaves behind reaches
// the next.
#include <string>
#include <utility>
#include <vector>

#include "pool/harmless_functions.h"
#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

constexpr char kUnknownFunctions[] = R"(
  SELECT string_agg(name, ' ') FROM unnest($1::text[]) AS name
  WHERE NOT EXISTS (SELECT FROM pg_proc WHERE proname = name
                    AND pronamespace = 'pg_catalog'::regnamespace))";
constexpr char kVolatileFunctions[] = R"(
  SELECT string_agg(DISTINCT proname, ' ' ORDER BY proname) FROM pg_proc
  WHERE proname = ANY ($1::text[]) AND pronamespace = 'pg_catalog'::regnamespace
    AND provolatile = 'v')";
constexpr char kKnownVolatileFunctions[] =
    "bernoulli clock_timestamp current_query currval gen_random_uuid lastval "
    "pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_blocking_pids "
    "pg_cancel_backend pg_current_wal_insert_lsn pg_current_wal_lsn pg_database_size pg_indexes_size "
    "pg_is_in_recovery pg_last_wal_replay_lsn pg_logical_emit_message pg_notify "
    "pg_relation_size pg_sleep "
    "pg_sleep_for pg_sleep_until pg_table_size pg_terminate_backend "
    "pg_total_relation_size pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared "
    "pg_xact_status random system timeofday";

class ResetTest : public LiveTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    StartGateway({"pools.primary.max_size=1", "pools.replica.max_size=1"});
  }

  std::string Ask(const std::string& sql) {
    const Answer answer = client().Query(sql);
    EXPECT_TRUE(answer.ok()) << answer.failure;
    return answer.at(0, 0).text();
  }
};

TEST_F(ResetTest, SettingsDoNotReachTheNextCaller) {
  const std::string before = Ask("SHOW work_mem");

  ASSERT_TRUE(client().Query("SET work_mem = '77MB'").ok());

  EXPECT_EQ(Ask("SHOW work_mem"), before);
}

TEST_F(ResetTest, OwnSettingsOfSessionsSurviveTheReset) {
  const std::string statement_timeout = Ask("SHOW statement_timeout");
  ASSERT_TRUE(client().Query("SET TimeZone = 'Asia/Tokyo'").ok());
  ASSERT_TRUE(client().Query("SET statement_timeout = '77s'").ok());
  ASSERT_TRUE(client().Query("SET application_name = 'somebody'").ok());

  EXPECT_EQ(Ask("SHOW TimeZone"), "UTC");
  EXPECT_EQ(Ask("SHOW application_name"), "pgsluice");
  EXPECT_EQ(Ask("SHOW statement_timeout"), statement_timeout);
}

TEST_F(ResetTest, RolesTemporaryTablesAndLocksDoNotReachTheNextCaller) {
  cluster().Sql(0, "CREATE ROLE guest");
  for (const char* sql : {"SET ROLE guest", "CREATE TEMP TABLE scratch (a int)",
                          "DO $$ BEGIN PERFORM pg_advisory_lock(42); END $$"}) {
    ASSERT_TRUE(client().Query(sql).ok()) << sql;
  }

  EXPECT_EQ(Ask("SELECT current_user::text"), "postgres");
  EXPECT_EQ(client().Query("SELECT * FROM scratch").failure.sqlstate(), "42P01");
  EXPECT_EQ(cluster().Sql(0, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"),
            "0");
  cluster().Sql(0, "DROP ROLE guest");
}

TEST_F(ResetTest, WhatATransactionSetsForItsSessionDoesNotReachTheNextCaller) {
  const std::string before = Ask("SHOW work_mem");
  TransactionStream transaction(client());
  ASSERT_TRUE(transaction.Begin().has_begun());
  ASSERT_TRUE(transaction.Execute("SET work_mem = '77MB'").has_result());
  ASSERT_TRUE(transaction.Commit().has_committed());
  EXPECT_TRUE(transaction.Finish().code == grpc::StatusCode::OK);

  EXPECT_EQ(Ask("SHOW work_mem"), before);
}

TEST_F(ResetTest, WhatFunctionsDoDoesNotReachTheNextCaller) {
  const std::string before = Ask("SHOW work_mem");
  ASSERT_TRUE(client().Query("SELECT set_config('work_mem', '77MB', false)").ok());

  EXPECT_EQ(Ask("SHOW work_mem"), before);

  ASSERT_TRUE(client().Query("SELECT pg_advisory_lock(42)").ok());
  EXPECT_EQ(client().Query("SELECT 1").at(0, 0).int64(), 1);
  EXPECT_EQ(cluster().Sql(0, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"),
            "0");
}

TEST_F(ResetTest, WhatIsDoneOnAReplicaDoesNotReachTheNextReader) {
  const auto counters = [&] {
    return PoolOf(client().PoolStats(), "server1", v1::ROLE_REPLICA).counters();
  };
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(client().Read("SELECT set_config('work_mem', '77MB', false)").ok());
    EXPECT_NE(client().Read("SELECT current_setting('work_mem')").at(0, 0).text(),
              "77MB");
  }

  EXPECT_EQ(counters().resets(), 5u);
  EXPECT_FALSE(counters().closed().contains("reset_failed"));
}

TEST_F(ResetTest, PreparedStatementsOutliveAReset) {
  const auto count = [&] {
    return client()
        .Query(
            "SELECT count(*) FROM pg_prepared_statements "
            "WHERE statement = 'SELECT 41 + $1::int8'")
        .at(0, 0)
        .int64();
  };
  for (int i = 0; i < 2; ++i) client().Query("SELECT 41 + $1::int8", {Int(1)});
  ASSERT_EQ(count(), 1);

  ASSERT_TRUE(client().Query("SET work_mem = '77MB'").ok());

  EXPECT_EQ(count(), 1);
}

TEST_F(ResetTest, TheRoleThatALoginStartsWithComesBack) {
  cluster().Sql(0, "CREATE ROLE app");
  cluster().Sql(0, "CREATE ROLE starter LOGIN SUPERUSER");
  cluster().Sql(0, "ALTER ROLE starter SET role = 'app'");
  GatewaySettings settings;
  settings.conninfos = {cluster().server(0).conninfo() + " user=starter"};
  settings.set = {"pools.primary.max_size=1"};
  ASSERT_TRUE(StartGateway(std::move(settings)).IsReady());
  ASSERT_EQ(Ask("SELECT current_user::text"), "app");

  ASSERT_TRUE(client().Query("RESET SESSION AUTHORIZATION").ok());
  ASSERT_TRUE(client().Query("SELECT set_config('role', 'postgres', false)").ok());

  EXPECT_EQ(Ask("SELECT current_user::text"), "app");
}

// The limit that README and configuration name; ALWAYS is the way around it.
TEST_F(ResetTest, CallsHiddenInAViewAreOnlySeenByResetsThatComeAlways) {
  cluster().Sql(0, "CREATE VIEW holding AS SELECT pg_try_advisory_lock(42) AS held");
  const auto locks = [&] {
    return client()
        .Query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        .at(0, 0)
        .int64();
  };
  ASSERT_TRUE(client().Query("SELECT * FROM holding").ok());
  EXPECT_EQ(locks(), 1);
  ASSERT_TRUE(client().Query("DISCARD ALL").ok());

  StartGateway({"pools.primary.max_size=1", "session.reset=ALWAYS"});
  ASSERT_TRUE(client().Query("SELECT * FROM holding").ok());

  EXPECT_EQ(locks(), 0);
  cluster().Sql(0, "DROP VIEW holding");
}

TEST_F(ResetTest, FunctionsThatAreTakenForHarmlessAreBuiltInAndReadOnly) {
  // All other volatile ones act on other sessions, on the transaction, or on nothing.
  std::string names;
  for (std::string_view name : HarmlessFunctions()) {
    names += names.empty() ? "{" : ",";
    names += name;
  }
  names += "}";

  EXPECT_EQ(cluster().Sql(0, kUnknownFunctions, {names}), "");
  EXPECT_EQ(cluster().Sql(0, kVolatileFunctions, {names}), kKnownVolatileFunctions);
}

TEST_F(ResetTest, PlainStatementsCostNoReset) {
  const auto resets = [&] {
    return PoolOf(client().PoolStats(), "server0").counters().resets();
  };
  ASSERT_TRUE(client().Query("SELECT 1").ok());
  const uint64_t before = resets();

  for (int i = 0; i < 20; ++i) ASSERT_TRUE(client().Query("SELECT 1").ok());
  EXPECT_EQ(resets(), before);
  ASSERT_TRUE(client().Query("SET work_mem = '77MB'").ok());

  EXPECT_TRUE(gateway().HasPools("the reset is counted", [&](const auto& stats) {
    return PoolOf(stats, "server0").counters().resets() == before + 1;
  }));
}

}  // namespace
}  // namespace pgsluice::testing
