// A postmaster that stands still while its backends go on: no session can be opened, and
// no cancel arrives. Statements end by PostgreSQL's own timeout, other endpoints are
// served and their statements cancelled, and nothing piles up.
#include <algorithm>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "tests/fault/fault_test.h"

namespace pgsluice::testing {
namespace {

// What a statement may outlive its deadline by on the server, and what a loaded machine
// may add before we see it.
constexpr double kLongestOverrunSeconds = 1.0;
constexpr double kWatchSlackSeconds = 0.5;

class FrozenPostmasterTest : public FaultTest {
 protected:
  void TearDown() override {
    cluster().server(0).Thaw();
    FaultTest::TearDown();
  }

  // Of a session that is open already: none can be opened.
  static double OldestStatement(SqlConnection& watch, const std::string& text) {
    const auto rows = watch.Run(
        "SELECT coalesce(max(extract(epoch FROM clock_timestamp() - query_start)), 0) "
        "FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() "
        "AND position($1 IN query) > 0",
        {text});
    EXPECT_TRUE(rows.ok()) << rows.status();
    return rows.ok() ? std::stod(rows->front().front().value_or("0")) : 0;
  }
  static size_t Threads(pid_t pid) {
    size_t threads = 0;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
      ++threads;
    }
    return threads;
  }
  v1::PoolCounters CountersOf(const std::string& endpoint, v1::Role role) {
    return PoolOf(client().PoolStats(), endpoint, role).counters();
  }
};

TEST_F(FrozenPostmasterTest, StatementsEndByThemselvesAndOtherEndpointsAreCancelled) {
  StartGateway({"pools.primary.max_size=20", "pools.replica.max_size=4",
                "pools.primary.acquire_timeout=30s"});
  auto watch = SqlConnection::Open(cluster().server(0).local_conninfo());
  ASSERT_TRUE(watch.ok()) << watch.status();
  std::vector<std::thread> warm_up;
  for (int i = 0; i < 20; ++i) {
    warm_up.emplace_back([&] { client().Query("SELECT pg_sleep(0.3)"); });
  }
  for (std::thread& caller : warm_up) caller.join();
  const size_t threads_before = Threads(gateway().pid());

  cluster().server(0).FreezePostmaster();
  std::vector<std::thread> callers;
  for (int i = 0; i < 20; ++i) {
    callers.emplace_back([&, i] {
      client().Query(MakeQuery("SELECT pg_sleep(62)"), absl::Milliseconds(25 * (i + 1)));
    });
  }
  double oldest = 0;
  double longest_read = 0;
  bool is_over = false;
  std::thread watcher([&] {
    const absl::Time until = absl::Now() + absl::Seconds(20);
    const auto runs = [&] { return OldestStatement(*watch, "pg_sleep(62)"); };
    WaitFor("they run", [&] { return runs() > 0; });
    while (absl::Now() < until) {
      const double age = runs();
      oldest = std::max(oldest, age);
      if (age == 0) break;
    }
    is_over = runs() == 0;
  });
  // Meanwhile, elsewhere: twenty cancels, each on time.
  for (int i = 0; i < 20; ++i) {
    const absl::Time start = absl::Now();
    const Answer read = client().Query(
        MakeQuery("SELECT pg_sleep(63)", {}, v1::INTENT_READ), absl::Milliseconds(50));
    EXPECT_EQ(read.failure.code, grpc::StatusCode::DEADLINE_EXCEEDED) << read.failure;
    longest_read = std::max(longest_read, absl::ToDoubleSeconds(absl::Now() - start));
  }
  for (std::thread& caller : callers) caller.join();
  watcher.join();
  const size_t threads_meanwhile = Threads(gateway().pid());

  EXPECT_TRUE(is_over) << "a statement goes on and on";
  EXPECT_LE(oldest, 0.5 + kLongestOverrunSeconds + kWatchSlackSeconds);
  EXPECT_LT(longest_read, 2.0);
  EXPECT_TRUE(WaitFor("the replica's are idle",
                      [] { return cluster().CountActive(1, "pg_sleep(63)") == 0; }));
  EXPECT_LE(threads_meanwhile, threads_before + 4);  // gRPC's own come and go.

  cluster().server(0).Thaw();
  EXPECT_TRUE(
      WaitFor("writes are served", [&] { return client().Query("SELECT 1").ok(); }));
  EXPECT_TRUE(gateway().IsQuiet());
  EXPECT_TRUE(gateway().HasPools("all are accounted for", [](const auto& stats) {
    const auto counters = PoolOf(stats, "server0").counters();
    return counters.cancelled() >= 10 && counters.cancelled_followed() == 0 &&
           counters.cancelled() ==
               counters.cancelled_seen_idle() + counters.cancelled_seen_gone();
  })) << CountersOf("server0", v1::ROLE_PRIMARY).ShortDebugString();
}

}  // namespace
}  // namespace pgsluice::testing
