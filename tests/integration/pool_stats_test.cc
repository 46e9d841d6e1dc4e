// PoolStats: the figures are those of what goes on.
#include <string>
#include <thread>
#include <vector>

#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

class PoolStatsTest : public LiveTest {
 protected:
  v1::EndpointPoolStats Primary() { return PoolOf(client().PoolStats(), "server0"); }
};

TEST_F(PoolStatsTest, SizesAreThoseConfiguredAndMinIsKeptOpen) {
  StartGateway({"pools.primary.min_size=3", "pools.primary.max_size=7",
                "pools.replica.min_size=2", "pools.replica.max_size=4"});

  EXPECT_TRUE(gateway().HasPools("min_size sessions are idle", [](const auto& stats) {
    return PoolOf(stats, "server0").idle() == 3 &&
           PoolOf(stats, "server1", v1::ROLE_REPLICA).idle() == 2;
  }));
  const v1::PoolStatsResponse stats = client().PoolStats();
  ASSERT_EQ(stats.pools_size(), 2);
  EXPECT_EQ(stats.pools(0).role(), v1::ROLE_PRIMARY);
  EXPECT_EQ(stats.pools(0).min_size(), 3U);
  EXPECT_EQ(stats.pools(0).max_size(), 7U);
  EXPECT_EQ(stats.pools(1).role(), v1::ROLE_REPLICA);
  EXPECT_EQ(stats.pools(1).max_size(), 4U);
  EXPECT_FALSE(stats.pools(1).retired());
}

TEST_F(PoolStatsTest, LeasesAndWaitersAreCountedWhileTheyLast) {
  StartGateway({"pools.primary.max_size=2"});
  TransactionStream first(client());
  TransactionStream second(client());
  ASSERT_TRUE(first.Begin().has_begun());
  ASSERT_TRUE(second.Begin().has_begun());
  std::vector<std::thread> waiters;
  for (int i = 0; i < 3; ++i) {
    waiters.emplace_back([&] { EXPECT_TRUE(client().Query("SELECT 1").ok()); });
  }

  EXPECT_TRUE(gateway().HasPools("three wait", [](const auto& stats) {
    return PoolOf(stats, "server0").waiters() == 3;
  }));
  const v1::PoolStatsResponse stats = client().PoolStats();
  const v1::EndpointPoolStats busy = PoolOf(stats, "server0");
  first.Rollback();
  second.Rollback();
  for (std::thread& waiter : waiters) waiter.join();
  first.Finish();
  second.Finish();

  EXPECT_EQ(busy.leased(), 2U);
  EXPECT_EQ(busy.open(), 2U);
  EXPECT_EQ(busy.idle(), 0U);
  EXPECT_TRUE(busy.has_oldest_wait());
  EXPECT_EQ(stats.transactions_in_progress(), 2U);
  EXPECT_GE(stats.calls_in_progress(), 3U);
  EXPECT_TRUE(gateway().IsQuiet());
  const v1::EndpointPoolStats quiet = Primary();
  EXPECT_FALSE(quiet.has_oldest_wait());
  EXPECT_EQ(quiet.counters().acquired(), 5U);
  EXPECT_GE(quiet.counters().acquired_after_wait(), 3U);
}

TEST_F(PoolStatsTest, IdleSessionsAboveMinAreClosedAndCounted) {
  StartGateway({"pools.primary.idle_timeout=200ms"});
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] { client().Query("SELECT pg_sleep(0.2)"); });
  }
  for (std::thread& caller : callers) caller.join();

  EXPECT_TRUE(gateway().HasPools("the pool has shrunk", [](const auto& stats) {
    const v1::EndpointPoolStats pool = PoolOf(stats, "server0");
    return pool.open() == 1 && pool.counters().closed().contains("idle") &&
           pool.counters().closed().at("idle") >= 3;
  }));
}

TEST_F(PoolStatsTest, SessionsAreReplacedAfterTheirLifetimeAndUses) {
  StartGateway({"pools.primary.max_size=1", "pools.primary.max_uses=3"});
  std::vector<int64_t> backends;
  for (int i = 0; i < 6; ++i) {
    const Answer answer = client().Query("SELECT pg_backend_pid()");
    ASSERT_TRUE(answer.ok()) << answer.failure;
    backends.push_back(answer.at(0, 0).int64());
  }
  EXPECT_NE(backends.front(), backends.back());
  EXPECT_GE(Primary().counters().closed().at("uses"), 1U);

  gateway().Kill();
  StartGateway({"pools.primary.max_lifetime=300ms"});

  EXPECT_TRUE(gateway().HasPools("a session got too old", [](const auto& stats) {
    const v1::EndpointPoolStats pool = PoolOf(stats, "server0");
    return pool.counters().closed().contains("lifetime");
  }));
  EXPECT_TRUE(client().Query("SELECT 1").ok());
}

TEST_F(PoolStatsTest, AFailingEndpointSaysWhyAndWhenItIsTriedNext) {
  StartGateway({"pools.primary.backoff_max=5s", "pools.primary.acquire_timeout=300ms"});
  ASSERT_TRUE(cluster().server(0).Stop(StopMode::kFast).ok());

  EXPECT_TRUE(WaitFor("calls fail", [&] { return !client().Query("SELECT 1").ok(); }));
  const auto has_failed = [](const v1::PoolStatsResponse& stats) {
    for (const v1::EndpointPoolStats& pool : stats.pools()) {
      if (pool.endpoint() == "server0" && pool.counters().connect_failures() > 0) {
        return !pool.last_error().empty();
      }
    }
    return false;
  };
  EXPECT_TRUE(gateway().HasPools("the failure is told", has_failed));

  ASSERT_TRUE(cluster().server(0).Start().ok());
  EXPECT_TRUE(WaitFor("calls succeed", [&] { return client().Query("SELECT 1").ok(); }));
  EXPECT_TRUE(gateway().HasPools("the error is forgotten", [](const auto& stats) {
    return PoolOf(stats, "server0").last_error().empty();
  }));
}

}  // namespace
}  // namespace pgsluice::testing
