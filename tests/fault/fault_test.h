// Fixture of what is broken on purpose. Whatever a test has done, at its end service is
// restored, by itself, and all is back where it was: no lease, waiter, permit or backend
// too many, no endpoint out of reach, no pool that opens fewer sessions than it may.
#pragma once

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"

#include "tests/testing/live_test.h"

namespace pgsluice::testing {

class FaultTest : public LiveTest {
 public:
  // What a test broke outside the gateway has to be mended before.
  void TearDown() override {
    // One that could not begin, or let its gateway go, has nothing to show.
    if (has_gateway() && gateway().IsRunning()) ExpectAllAsBefore();
    LiveTest::TearDown();  // Leases, waiters, permits; backends and sessions.
  }

 private:
  void ExpectAllAsBefore() {
    EXPECT_TRUE(WaitFor("every endpoint has a role and is reached", [&] {
      const v1::HealthResponse health = client().Health();
      for (const v1::EndpointHealth& endpoint : health.endpoints()) {
        if (!endpoint.reachable() || endpoint.role() == v1::ROLE_UNSPECIFIED)
          return false;
      }
      return health.endpoints_size() > 0;
    }));
    EXPECT_TRUE(
        WaitFor("writes are served", [&] { return client().Query("SELECT 1").ok(); }));
    EXPECT_TRUE(
        WaitFor("reads are served", [&] { return client().Read("SELECT 1").ok(); }));
    EXPECT_TRUE(WaitFor("every pool may have all its sessions again", [&] {
      const v1::PoolStatsResponse stats = client().PoolStats();
      for (const v1::EndpointPoolStats& pool : stats.pools()) {
        if (pool.retired() || IsWhole(pool)) continue;
        Demand(pool);  // No pool tries for more than is wanted.
        return false;
      }
      return true;
    }));
    for (size_t i = 0; i < cluster().size(); ++i) {
      EXPECT_TRUE(WaitFor(absl::StrCat("nothing is left running at server", i),
                          [i] { return cluster().Sql(i, kCountBusy) == "0"; }));
    }
  }
  static bool IsWhole(const v1::EndpointPoolStats& pool) {
    return pool.target_size() == pool.max_size() && pool.last_error().empty();
  }
  // As many calls at once as the pool may have sessions.
  void Demand(const v1::EndpointPoolStats& pool) {
    std::vector<std::thread> callers;
    for (uint32_t i = 0; i < pool.max_size(); ++i) {
      callers.emplace_back([&] {
        pool.role() == v1::ROLE_REPLICA ? client().Read(kShortWork)
                                        : client().Query(kShortWork);
      });
    }
    for (std::thread& caller : callers) caller.join();
  }

  static constexpr char kShortWork[] = "SELECT pg_sleep(0.02)";
  static constexpr char kCountBusy[] = R"(
    SELECT count(*) FROM pg_stat_activity
    WHERE application_name = 'pgsluice' AND state IS DISTINCT FROM 'idle')";
};

}  // namespace pgsluice::testing
