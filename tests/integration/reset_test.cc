// A lease is as good as a new session: nothing that one caller leaves behind reaches
// the next.
#include <string>
#include <vector>

#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

class ResetTest : public LiveTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    StartGateway({"pools.primary.max_size=1"});
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
