// Pause, resume and reconnect under load; passwords that rotate in their files.
#include "tests/integration/reload_fixture.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using ControlTest = ReloadTest;

TEST_F(ControlTest, PauseHoldsNewWorkAndResumeLetsItGo) {
  SetPools(8);
  Start();
  Load load(client(), 8);
  ASSERT_TRUE(HasServed(load, 50));

  EXPECT_TRUE(Admin().Pause().ok());
  EXPECT_TRUE(gateway().HasPools("work in flight has ended", [](const auto& stats) {
    const v1::EndpointPoolStats pool = PoolOf(stats, "server0");
    return TotalLeased(stats) == 0 && pool.paused() && pool.waiters() == 4;
  }));
  EXPECT_TRUE(client().Health().endpoints(0).paused());
  const int64_t held = load.calls();

  const Answer late = client().Query(MakeQuery("SELECT 1"), absl::Milliseconds(300));
  EXPECT_EQ(late.status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(load.calls(), held);

  EXPECT_TRUE(Admin().Resume().ok());
  ASSERT_TRUE(HasServed(load, 100));
  EXPECT_THAT(load.End(), IsEmpty());
  EXPECT_FALSE(client().Health().endpoints(0).paused());
}

TEST_F(ControlTest, APausedPoolSaysSoWhenTheWaitIsOver) {
  lines_["pools"] = {"primary: {acquire_timeout: 200ms}"};
  Start();
  ASSERT_TRUE(Admin().Pause("server0").ok());

  const Answer answer = client().Query("SELECT 1");
  EXPECT_EQ(answer.failure.code, grpc::StatusCode::UNAVAILABLE) << answer.failure;
  EXPECT_EQ(answer.failure.reason, "POOL_PAUSED");
  EXPECT_EQ(answer.failure.verdict.outcome(), v1::OUTCOME_NOT_STARTED);
  EXPECT_TRUE(client().Read("SELECT 1").ok()) << "the replica is not paused";

  EXPECT_EQ(Admin().Pause("nonesuch").error_code(), grpc::StatusCode::NOT_FOUND);
  ASSERT_TRUE(Admin().Resume("server0").ok());
  EXPECT_TRUE(client().Query("SELECT 1").ok());
}

TEST_F(ControlTest, ReconnectRenewsEverySessionWithoutAFailure) {
  SetPools(8);
  Start();
  Load load(client(), 12);
  ASSERT_TRUE(HasServed(load, 100));
  cluster().Sql(0, "CREATE TABLE IF NOT EXISTS old_sessions (pid int)");
  cluster().Sql(0,
                "INSERT INTO old_sessions SELECT pid FROM pg_stat_activity WHERE "
                "application_name = 'pgsluice'");
  ASSERT_NE(cluster().Sql(0, "SELECT count(*) FROM old_sessions"), "0");

  EXPECT_TRUE(Admin().Reconnect().ok());

  EXPECT_TRUE(WaitFor("no session of before is left", [&] {
    return cluster().Sql(0,
                         "SELECT count(*) FROM pg_stat_activity JOIN old_sessions "
                         "USING (pid)") == "0";
  }));
  ASSERT_TRUE(HasServed(load, 100));
  EXPECT_THAT(load.End(), IsEmpty());
  EXPECT_GT(PoolOf(client().PoolStats(), "server0").counters().closed().at("renewed"),
            0u);
}

TEST_F(ControlTest, APasswordThatRotatesInItsFileNeedsNoReload) {
  const std::string file = absl::StrCat(cluster().temp_path(), "/password");
  const std::string hba = cluster().server(0).data_dir() + "/pg_hba.conf";
  const std::string old_hba = ReadFile(hba);
  cluster().Sql(0, "SET password_encryption = 'scram-sha-256'");
  cluster().Sql(0, "DROP ROLE IF EXISTS rotating");
  cluster().Sql(0, "CREATE ROLE rotating LOGIN SUPERUSER PASSWORD 'first'");
  std::ofstream(hba) << "host all rotating 127.0.0.1/32 scram-sha-256\n" << old_hba;
  cluster().Sql(0, "SELECT pg_reload_conf()");
  std::ofstream(file) << "first\n";
  conninfos_ = {absl::StrReplaceAll(conninfos_[0], {{"user=postgres", "user=rotating"}})};
  endpoint_extra_ = ", password_file: " + file;
  Start();
  EXPECT_EQ(client().Query("SELECT session_user::text").at(0, 0).text(), "rotating");

  cluster().Sql(0, "ALTER ROLE rotating PASSWORD 'second'");
  std::ofstream(file) << "second\n";
  cluster().Sql(0,
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                "usename = 'rotating'");

  EXPECT_TRUE(WaitFor("new sessions and probes know it", [&] {
    return client().Query("SELECT 1").ok() && client().Health().endpoints(0).reachable();
  }));
  EXPECT_THAT(gateway().Log(), Not(HasSubstr("second")));

  // The proof that it is asked for: a wrong one does not do.
  std::ofstream(file) << "third\n";
  cluster().Sql(0,
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                "usename = 'rotating'");
  EXPECT_TRUE(WaitFor("it is refused", [&] { return !client().Query("SELECT 1").ok(); }));
  std::ofstream(file) << "second\n";
  EXPECT_TRUE(WaitFor("and restored", [&] { return client().Query("SELECT 1").ok(); }));
  EXPECT_TRUE(gateway().IsQuiet());
  EXPECT_EQ(gateway().Stop().value_or(-1), 0);
  ForgetGateway();
  std::ofstream(hba) << old_hba;
  cluster().Sql(0, "SELECT pg_reload_conf()");
}

TEST_F(ControlTest, IsNotServedWhereItIsOff) {
  Start({"server.admin_service=OFF"});
  v1::ReloadResponse response;

  EXPECT_EQ(Admin().Reload(response).error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

}  // namespace
}  // namespace pgsluice::testing
