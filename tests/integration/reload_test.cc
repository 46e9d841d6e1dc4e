// Reload by signal and by call: what is applied, what is kept, and that no call fails.
#include <csignal>
#include <filesystem>

#include "tests/integration/reload_fixture.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

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
  // Which opens and closes sessions.
  EXPECT_TRUE(Admin().Reconnect().ok());
  EXPECT_TRUE(WaitFor("events are logged",
                      [&] { return CountLines("\"level\":\"debug\"") > 0; }));

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

// One after the other, whoever asks: each is told what the reload it shared in has done.
TEST_F(ReloadTest, ManyAtOnceAreOneAfterTheOther) {
  Start();
  Load load(client(), 4);
  ASSERT_TRUE(HasServed(load, 20));
  lines_["limits"] = {"max_rows: 10"};
  lines_["server"] = {"shards: 1"};
  WriteFile();
  constexpr int kCallers = 8;
  constexpr int kTimes = 10;
  std::atomic<int> applied = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&] {
      AdminClient admin = Admin();
      for (int j = 0; j < kTimes; ++j) {
        v1::ReloadResponse response;
        const grpc::Status status = admin.Reload(response);
        EXPECT_TRUE(status.ok()) << status.error_message();
        EXPECT_THAT(PathsOf(response.needs_restart()),
                    ::testing::ElementsAre("server.shards"));
        applied += response.applied_size();
        EXPECT_EQ(client().Query("SELECT generate_series(1, 11)").failure.reason,
                  "RESULT_TOO_LARGE")
            << "whoever is answered finds it in effect";
        gateway().Signal(SIGHUP);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();

  EXPECT_GE(applied, 1);
  EXPECT_LE(applied, kCallers) << "applied once, told to those who had asked by then";
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

// What looks at files again and again runs only while there are any.
TEST_F(ReloadTest, TheFirstFileIsFollowedToo) {
  const auto count_watches = [this] {
    const std::string threads = absl::StrCat("/proc/", gateway().pid(), "/task");
    int watches = 0;
    for (const auto& thread : std::filesystem::directory_iterator(threads)) {
      std::string name;
      std::ifstream(thread.path() / "comm") >> name;
      watches += name == "file_watch" ? 1 : 0;
    }
    return watches;
  };
  const std::string file = path_ + ".statements";
  const auto write = [&file](const std::string& name) {
    std::ofstream(file + ".new")
        << "statements: [{name: " << name << ", sql: SELECT 1, intent: READ}]\n";
    std::filesystem::rename(file + ".new", file);
  };
  const auto runs = [this](const std::string& name) {
    v1::QueryRequest request;
    request.mutable_statement()->set_name(name);
    return client().Query(request).ok();
  };
  Start();
  Reload();
  EXPECT_EQ(count_watches(), 0);

  write("first");
  lines_["named_statements"] = {"file: " + file};
  Reload();
  EXPECT_EQ(count_watches(), 1);
  EXPECT_TRUE(runs("first"));
  write("second");
  EXPECT_TRUE(WaitFor("the file is followed", [&] { return runs("second"); }));

  lines_.erase("named_statements");
  Reload();
  // The kernel may show a thread for a moment after its end.
  EXPECT_TRUE(WaitFor("nothing is looked at", [&] { return count_watches() == 0; }));
  EXPECT_FALSE(runs("second"));
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
