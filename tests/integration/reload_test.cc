// Changes to a gateway that serves: reload by signal and by call, pause, reconnect,
// passwords that rotate.
#include <atomic>
#include <csignal>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"

#include "tests/testing/admin_client.h"
#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Callers that go on calling; remembers what failed.
class Load final {
 public:
  Load(GatewayClient& client, int callers) {
    for (int i = 0; i < callers; ++i) {
      threads_.emplace_back([this, &client, i] {
        while (!is_over_) {
          const Answer answer =
              i % 2 == 0 ? client.Query("SELECT pg_backend_pid() FROM pg_sleep(0.002)")
                         : client.Read("SELECT pg_backend_pid() FROM pg_sleep(0.002)");
          ++calls_;
          if (answer.ok()) continue;
          const std::lock_guard lock(mutex_);
          failures_.push_back(answer.status.error_message());
        }
      });
    }
  }
  ~Load() { End(); }

  std::vector<std::string> End() {
    is_over_ = true;
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
    return failures_;
  }
  int64_t calls() const { return calls_; }

 private:
  std::atomic<bool> is_over_ = false;
  std::atomic<int64_t> calls_ = 0;
  std::mutex mutex_;
  std::vector<std::string> failures_;
  std::vector<std::thread> threads_;
};

class ReloadTest : public LiveTest {
 protected:
  // Beside the endpoints, by group.
  using Lines = std::map<std::string, std::vector<std::string>>;

  void SetUp() override {
    LiveTest::SetUp();
    static int number = 0;
    path_ = absl::StrCat(cluster().temp_path(), "/reload", ++number, ".yaml");
    for (size_t i = 0; i < cluster().size(); ++i) {
      conninfos_.push_back(cluster().server(i).conninfo());
    }
    lines_ = {{"pools",
               {"primary: {min_size: 1, max_size: 10, backoff_max: 300ms}",
                "replica: {min_size: 1, max_size: 10, backoff_max: 300ms}"}},
              {"probe", {"interval: 100ms"}},
              {"log", {"format: JSON"}},
              {"shutdown", {"drain_delay: 0s", "drain_deadline: 5s"}}};
  }

  void WriteFile() {
    std::string text = "endpoints:\n";
    for (size_t i = 0; i < conninfos_.size(); ++i) {
      absl::StrAppend(&text, "  - {name: server", i, ", conninfo: \"", conninfos_[i],
                      "\"", endpoint_extra_, "}\n");
    }
    for (const auto& [group, lines] : lines_) {
      absl::StrAppend(&text, group, ":\n");
      for (const std::string& line : lines) absl::StrAppend(&text, "  ", line, "\n");
    }
    std::ofstream(path_) << text;
  }
  void Start(std::vector<std::string> set = {}) {
    WriteFile();
    GatewaySettings settings;
    settings.config_file = path_;
    settings.set = std::move(set);
    StartGateway(std::move(settings));
    ASSERT_TRUE(gateway().IsReady());
    for (size_t i = 0; i < conninfos_.size(); ++i) {
      ASSERT_TRUE(SeesRole(i, i == 0 ? v1::ROLE_PRIMARY : v1::ROLE_REPLICA));
    }
  }
  AdminClient Admin() { return AdminClient(gateway().admin_port()); }
  v1::ReloadResponse Reload() {
    WriteFile();
    v1::ReloadResponse response;
    const grpc::Status status = Admin().Reload(response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  static std::vector<std::string> PathsOf(
      const google::protobuf::RepeatedPtrField<v1::SettingChange>& changes) {
    std::vector<std::string> paths;
    for (const v1::SettingChange& change : changes) paths.push_back(change.path());
    return paths;
  }
  size_t CountLines(const std::string& text) {
    size_t count = 0;
    const std::vector<std::string> lines = absl::StrSplit(gateway().Log(), '\n');
    for (const std::string& line : lines) count += absl::StrContains(line, text) ? 1 : 0;
    return count;
  }
  void SetPools(int max_size) {
    lines_["pools"] = {absl::StrCat("primary: {min_size: 1, max_size: ", max_size,
                                    ", acquire_timeout: 15s}"),
                       absl::StrCat("replica: {min_size: 1, max_size: ", max_size,
                                    ", acquire_timeout: 15s}")};
  }
  ::testing::AssertionResult HasServed(const Load& load, int64_t calls) {
    const int64_t before = load.calls();
    return WaitFor("calls are served", [&] { return load.calls() >= before + calls; });
  }

  std::string path_;
  std::vector<std::string> conninfos_;
  std::string endpoint_extra_;
  Lines lines_;
};

TEST_F(ReloadTest, SaysWhatIsAppliedAndWhatNeedsARestart) {
  Start();
  ASSERT_TRUE(client().Query("SELECT generate_series(1, 11)").ok());
  lines_["limits"] = {"max_rows: 10", "default_deadline: 7s"};
  lines_["log"].push_back("level: DEBUG");
  lines_["server"] = {"shards: 1"};

  const v1::ReloadResponse response = Reload();

  EXPECT_THAT(PathsOf(response.applied()),
              ::testing::UnorderedElementsAre("limits.max_rows",
                                              "limits.default_deadline", "log.level"));
  ASSERT_EQ(response.needs_restart_size(), 1) << response.DebugString();
  EXPECT_EQ(response.needs_restart(0).path(), "server.shards");
  EXPECT_EQ(response.needs_restart(0).after(), "1");
  EXPECT_EQ(client().Query("SELECT generate_series(1, 11)").failure.reason,
            "RESULT_TOO_LARGE");
  EXPECT_EQ(CountLines("\"reloaded\""), 1u);
  EXPECT_TRUE(WaitFor("events are logged", [&] {
    client().Query("SELECT 1");
    return CountLines("\"level\":\"debug\"") > 0;
  }));

  // Told of until the restart; applied only once.
  const v1::ReloadResponse again = Reload();
  EXPECT_EQ(again.applied_size(), 0);
  EXPECT_EQ(again.needs_restart_size(), 1);
}

TEST_F(ReloadTest, ABadFileChangesNothing) {
  Start();
  lines_["limits"] = {"max_rows: 10"};
  lines_["pools"] = {"primary: {max_sise: 3}"};
  WriteFile();

  v1::ReloadResponse response;
  const grpc::Status status = Admin().Reload(response);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("max_sise"));
  EXPECT_THAT(status.error_message(), HasSubstr(".yaml:"));
  gateway().Signal(SIGHUP);
  EXPECT_TRUE(WaitFor("it says so", [&] { return CountLines("not reloaded") >= 2; }));
  EXPECT_TRUE(client().Query("SELECT generate_series(1, 11)").ok());
}

TEST_F(ReloadTest, AStormOfSignalsIsHarmless) {
  Start();
  Load load(client(), 4);
  lines_["limits"] = {"max_rows: 10"};
  WriteFile();
  for (int i = 0; i < 500; ++i) gateway().Signal(SIGHUP);

  EXPECT_TRUE(WaitFor("the new limit holds", [&] {
    return client().Query("SELECT generate_series(1, 11)").failure.reason ==
           "RESULT_TOO_LARGE";
  }));
  EXPECT_THAT(load.End(), IsEmpty());
}

TEST_F(ReloadTest, EndpointsComeAndGo) {
  const std::vector<std::string> both = conninfos_;
  conninfos_.pop_back();
  Start();
  Load load(client(), 6);
  ASSERT_TRUE(HasServed(load, 50));

  conninfos_ = both;
  EXPECT_THAT(PathsOf(Reload().applied()), ::testing::ElementsAre("endpoints[server1]"));
  EXPECT_TRUE(SeesRole(1, v1::ROLE_REPLICA));
  EXPECT_TRUE(WaitFor("reads go to it", [&] {
    return client().Read("SELECT pg_is_in_recovery()").at(0, 0).bool_();
  }));
  EXPECT_EQ(client().PoolStats().monitors_size(), 2);

  conninfos_.pop_back();
  EXPECT_THAT(PathsOf(Reload().applied()), ::testing::ElementsAre("endpoints[server1]"));
  EXPECT_FALSE(client().Read("SELECT pg_is_in_recovery()").at(0, 0).bool_());
  EXPECT_EQ(client().Health().endpoints_size(), 1);
  EXPECT_TRUE(gateway().HasPools("its pool is gone", [](const auto& stats) {
    return TotalOpen(stats, "server1") == 0;
  }));
  EXPECT_TRUE(WaitFor("its prober, too, is gone",
                      [&] { return cluster().CountBackends(1) == 0; }));
  EXPECT_THAT(load.End(), IsEmpty());
}

TEST_F(ReloadTest, AnotherAddressOfAnEndpointTakesOverWithoutAFailure) {
  Start();
  Load load(client(), 6);
  ASSERT_TRUE(HasServed(load, 50));
  const std::string good = conninfos_[0];

  conninfos_[0] = absl::StrReplaceAll(good, {{"127.0.0.1", "127.0.0.2"}});
  EXPECT_EQ(Reload().applied_size(), 1);
  EXPECT_TRUE(WaitFor("health says why it is not in use", [&] {
    return absl::StrContains(client().Health().endpoints(0).last_error(),
                             "its new address");
  }));
  ASSERT_TRUE(HasServed(load, 100));

  conninfos_[0] = good + " application_name=other options='-c work_mem=5MB'";
  EXPECT_EQ(Reload().applied_size(), 1);
  EXPECT_TRUE(WaitFor("it is in use", [&] {
    return client().Query("SHOW work_mem").at(0, 0).text() == "5MB";
  }));
  ASSERT_TRUE(HasServed(load, 100));
  EXPECT_THAT(load.End(), IsEmpty());
}

TEST_F(ReloadTest, PoolsShrinkAndGrowUnderLoadWithoutAFailure) {
  SetPools(8);
  Start();
  Load load(client(), 16);
  for (const uint32_t size : {2u, 12u, 1u, 8u}) {
    SetPools(static_cast<int>(size));
    EXPECT_EQ(Reload().applied_size(), 2);
    EXPECT_TRUE(gateway().HasPools("the pool is of that size", [size](const auto& stats) {
      const v1::EndpointPoolStats pool = PoolOf(stats, "server0");
      return pool.max_size() == size && pool.open() <= size &&
             (size > 8 || pool.open() == size);
    }));
    ASSERT_TRUE(HasServed(load, 100));
  }
  EXPECT_THAT(load.End(), IsEmpty());
}

TEST_F(ReloadTest, SessionSettingsReachEverySession) {
  Start();
  Load load(client(), 4);
  ASSERT_TRUE(HasServed(load, 50));
  lines_["session"] = {"time_zone: Asia/Tokyo", "search_path: pg_catalog"};
  EXPECT_EQ(Reload().applied_size(), 2);
  EXPECT_TRUE(gateway().HasPools("all are renewed", [](const auto& stats) {
    for (const v1::EndpointPoolStats& pool : stats.pools()) {
      if (pool.to_renew() > 0) return false;
    }
    return true;
  }));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(client().Query("SHOW TimeZone").at(0, 0).text(), "Asia/Tokyo");
  }
  EXPECT_THAT(load.End(), IsEmpty());
}

TEST_F(ReloadTest, PauseHoldsNewWorkAndResumeLetsItGo) {
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

TEST_F(ReloadTest, APausedPoolSaysSoWhenTheWaitIsOver) {
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

TEST_F(ReloadTest, ReconnectRenewsEverySessionWithoutAFailure) {
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

TEST_F(ReloadTest, APasswordThatRotatesInItsFileNeedsNoReload) {
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

TEST_F(ReloadTest, IsNotServedWhereItIsOff) {
  Start({"server.admin_service=OFF"});
  v1::ReloadResponse response;

  EXPECT_EQ(Admin().Reload(response).error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(ReloadTest, IsRefusedDuringShutdown) {
  lines_["shutdown"] = {"drain_delay: 5s", "drain_deadline: 5s"};
  Start();
  gateway().Signal(SIGTERM);
  ASSERT_TRUE(WaitFor("it is draining", [&] { return client().Health().draining(); }));

  v1::ReloadResponse response;
  EXPECT_EQ(Admin().Reload(response).error_code(), grpc::StatusCode::UNAVAILABLE);

  gateway().Signal(SIGTERM);  // No need to wait any longer.
  EXPECT_EQ(gateway().WaitForEnd().value_or(-1), 0);
  ForgetGateway();
}

}  // namespace
}  // namespace pgsluice::testing
