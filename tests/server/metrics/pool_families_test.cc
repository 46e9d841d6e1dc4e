#include "gtest/gtest.h"

#include "server/metrics/gateway_snapshot.h"
#include "tests/server/metrics/find_series.h"

namespace pgsluice {
namespace {

PoolStats PoolOf(const std::string& endpoint, Role role) {
  PoolStats pool;
  pool.endpoint = endpoint;
  pool.role = role;
  return pool;
}

Families FamiliesOf(std::vector<PoolStats> pools) {
  GatewaySnapshot snapshot;
  snapshot.pools = std::move(pools);
  Families families;
  AddPoolFamilies(snapshot, families);
  return families;
}

TEST(PoolFamilies, AddUpTheSuccessiveAndTheSimultaneousPoolsOfARole) {
  PoolStats buried = PoolOf("a", Role::kPrimary);
  buried.is_retired = true;
  buried.counters.opened = 100;
  buried.counters.closed[static_cast<size_t>(CloseReason::kRetired)] = 100;
  PoolStats retiring = PoolOf("a", Role::kPrimary);
  retiring.is_retired = true;
  retiring.max_size = 50;
  retiring.leased = 3;
  retiring.counters.opened = 10;
  PoolStats serving = PoolOf("a", Role::kPrimary);
  serving.max_size = 20;
  serving.min_size = 2;
  serving.max_waiters = 9;
  serving.idle = 5;
  serving.leased = 1;
  serving.counters.opened = 1;
  serving.counters.use_time.Add(absl::Milliseconds(3));

  const Families families = FamiliesOf({buried, retiring, serving});

  const std::vector<std::string> a = {"primary", "a"};
  EXPECT_EQ(ValueOf(families, "pgsluice_pool_connections_opened_total", a), 111);
  EXPECT_EQ(ValueOf(families, "pgsluice_pool_connections_closed_total",
                    {"primary", "a", "retired"}),
            100);
  EXPECT_EQ(ValueOf(families, "pgsluice_pool_connections", {"primary", "a", "used"}), 4);
  EXPECT_EQ(ValueOf(families, "pgsluice_pool_connections", {"primary", "a", "idle"}), 5);
  EXPECT_EQ(ValueOf(families, "pgsluice_pool_connections_max", a), 20);
  EXPECT_EQ(ValueOf(families, "pgsluice_pool_connections_min", a), 2);
  EXPECT_EQ(ValueOf(families, "pgsluice_pool_pending_requests_max", a), 9);
  const Series* use = FindSeries(families, "pgsluice_pool_use_duration_seconds", a);
  ASSERT_NE(use, nullptr);
  EXPECT_EQ(use->histogram.count(), 1u);
}

TEST(PoolFamilies, KeepTheRolesOfOneEndpointApart) {
  PoolStats was = PoolOf("a", Role::kPrimary);
  was.counters.acquire_timeouts = 2;
  PoolStats is = PoolOf("a", Role::kReplica);
  is.counters.acquire_timeouts = 5;

  const Families families = FamiliesOf({was, is});

  const std::string name = "pgsluice_pool_acquire_failures_total";
  EXPECT_EQ(ValueOf(families, name, {"primary", "a", "timeout"}), 2);
  EXPECT_EQ(ValueOf(families, name, {"replica", "a", "timeout"}), 5);
}

TEST(PoolFamilies, LabelThoseOfNamedLoginsAndNoOthers) {
  PoolStats own = PoolOf("a", Role::kPrimary);
  own.counters.acquire_timeouts = 2;
  own.max_size = 7;
  PoolStats reports = PoolOf("a", Role::kPrimary);
  reports.login = "reports";
  reports.counters.acquire_timeouts = 5;
  reports.max_size = 3;

  const Families families = FamiliesOf({own, reports});

  const std::string failures = "pgsluice_pool_acquire_failures_total";
  EXPECT_EQ(ValueOf(families, failures, {"primary", "a", "timeout"}), 2);
  EXPECT_EQ(ValueOf(families, failures, {"primary", "a", "timeout", "reports"}), 5);
  const std::string most = "pgsluice_pool_connections_max";
  EXPECT_EQ(ValueOf(families, most, {"primary", "a"}), 7);
  EXPECT_EQ(ValueOf(families, most, {"primary", "a", "reports"}), 3);
}

TEST(PoolFamilies, TellTheOldestWaitOrZero) {
  PoolStats waiting = PoolOf("a", Role::kPrimary);
  waiting.oldest_wait = absl::Milliseconds(250);
  PoolStats quiet = PoolOf("b", Role::kReplica);

  const Families families = FamiliesOf({waiting, quiet});

  const std::string name = "pgsluice_pool_oldest_wait_seconds";
  EXPECT_EQ(ValueOf(families, name, {"primary", "a"}), 0.25);
  EXPECT_EQ(ValueOf(families, name, {"replica", "b"}), 0);
}

TEST(PoolFamilies, TellDoomedCallsByWhatWasDoneWithThem) {
  PoolStats pool = PoolOf("a", Role::kPrimary);
  pool.counters.doomed = 7;
  pool.counters.doomed_refused = 3;

  const Families families = FamiliesOf({pool});

  const std::string name = "pgsluice_pool_doomed_total";
  EXPECT_EQ(ValueOf(families, name, {"primary", "a", "refused"}), 3);
  EXPECT_EQ(ValueOf(families, name, {"primary", "a", "dry_run"}), 4);
}

// They are counted by what the pools of one endpoint and role share.
TEST(PoolFamilies, CountCancelledStatementsOnceForAllPoolsOfARole) {
  PoolStats earlier = PoolOf("a", Role::kPrimary);
  earlier.counters.cancelled = {.cancelled = 5, .seen_idle = 2, .seen_gone = 1};
  PoolStats later = PoolOf("a", Role::kPrimary);
  later.counters.cancelled = {.cancelled = 6, .seen_idle = 3, .seen_gone = 1};

  const Families families = FamiliesOf({earlier, later});

  const std::vector<std::string> a = {"primary", "a"};
  EXPECT_EQ(ValueOf(families, "pgsluice_cancelled_statements_total", a), 6);
  EXPECT_EQ(ValueOf(families, "pgsluice_cancelled_statements_followed", a), 2);
  EXPECT_EQ(ValueOf(families, "pgsluice_cancelled_statements_ended_total",
                    {"primary", "a", "idle"}),
            3);
}

}  // namespace
}  // namespace pgsluice
