// A server whose processes stand still: the kernel goes on acknowledging, so that only
// the gateway's own deadlines help. Calls return on time, other endpoints are served.
#include <string>
#include <thread>
#include <vector>

#include "tests/fault/fault_test.h"

namespace pgsluice::testing {
namespace {

constexpr absl::Duration kDeadline = absl::Milliseconds(500);
// A call returns at its deadline + 250 ms; the rest is for a loaded machine.
constexpr absl::Duration kGrace = absl::Seconds(1);

class FrozenServerTest : public FaultTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    // The client's deadline is far away: it is the gateway's that is tested.
    StartGateway({"limits.default_deadline=500ms", "limits.max_deadline=500ms",
                  "limits.cancel_budget=300ms", "probe.timeout=500ms",
                  "pools.primary.connect_timeout=1s"});
    ASSERT_TRUE(client().Query("SELECT 1").ok());
    ASSERT_TRUE(client().Read("SELECT 1").ok());
  }
  void TearDown() override {
    cluster().server(0).Thaw();
    FaultTest::TearDown();
  }
  void ExpectRestored() {
    cluster().server(0).Thaw();
    EXPECT_TRUE(
        WaitFor("writes are served", [&] { return client().Query("SELECT 1").ok(); }));
    EXPECT_TRUE(gateway().IsQuiet());
    EXPECT_TRUE(WaitFor("nothing of it still runs",
                        [] { return cluster().CountActive(0, "marker") == 0; }));
  }
};

TEST_F(FrozenServerTest, ACallReturnsAtItsDeadline) {
  cluster().server(0).Freeze();
  const absl::Time start = absl::Now();
  const Answer answer = client().Query("SELECT 1 AS marker");
  const absl::Duration taken = absl::Now() - start;

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::DEADLINE_EXCEEDED) << answer.failure;
  EXPECT_LT(taken, kDeadline + kGrace);
  ExpectRestored();
}

TEST_F(FrozenServerTest, ManyCallsReturnAtTheirDeadlinesAndOthersAreServedMeanwhile) {
  cluster().server(0).Freeze();
  std::vector<std::thread> callers;
  for (int i = 0; i < 30; ++i) {
    callers.emplace_back([&] {
      const absl::Time start = absl::Now();
      EXPECT_FALSE(client().Query("SELECT 1 AS marker").ok());
      EXPECT_LT(absl::Now() - start, kDeadline + kGrace);
    });
  }
  int reads = 0;
  for (int i = 0; i < 50; ++i) reads += client().Read("SELECT 1").ok() ? 1 : 0;
  for (std::thread& caller : callers) caller.join();

  EXPECT_EQ(reads, 50);
  ExpectRestored();
}

TEST_F(FrozenServerTest, AFrozenEndpointIsSeenAndTheGatewayStaysAlive) {
  cluster().server(0).Freeze();

  EXPECT_TRUE(SeesUnreachable(0));
  EXPECT_TRUE(gateway().health().IsServing("liveness"));
  EXPECT_TRUE(client().Read("SELECT 1").ok());
  ExpectRestored();
}

TEST_F(FrozenServerTest, IdleSessionsOfAFrozenServerAreFoundByPings) {
  const auto failed_pings = [](const v1::PoolStatsResponse& stats) {
    const auto closed = PoolOf(stats, "server0").counters().closed();
    return closed.contains("ping_failed") ? closed.at("ping_failed") : 0;
  };
  StartGateway({"pools.primary.ping_after=200ms", "pools.primary.min_size=2",
                "limits.cancel_budget=300ms", "probe.timeout=500ms",
                "pools.primary.connect_timeout=1s"});
  EXPECT_TRUE(gateway().HasPools("idle sessions are pinged", [](const auto& stats) {
    return PoolOf(stats, "server0").counters().pings() >= 3;
  }));
  EXPECT_EQ(failed_pings(client().PoolStats()), 0u);

  cluster().server(0).Freeze();

  EXPECT_TRUE(gateway().HasPools(
      "both are closed", [&](const auto& stats) { return failed_pings(stats) >= 2; }));
  ExpectRestored();
}

TEST_F(FrozenServerTest, AnOpenTransactionEndsAndNothingOfItRemains) {
  cluster().Sql(0, "CREATE TABLE IF NOT EXISTS ledger (a int)");
  TransactionStream transaction(client(), absl::Seconds(1));
  ASSERT_TRUE(transaction.Begin().has_begun());
  ASSERT_TRUE(transaction.Execute("INSERT INTO ledger VALUES (1)").has_result());

  cluster().server(0).Freeze();
  EXPECT_FALSE(transaction.Execute("SELECT 1 AS marker").has_result());
  EXPECT_EQ(transaction.Finish().code, grpc::StatusCode::DEADLINE_EXCEEDED);

  ExpectRestored();
  EXPECT_TRUE(WaitFor("no transaction is open", [] {
    return cluster().CountBackends(0, "idle in transaction") == 0;
  }));
  EXPECT_EQ(cluster().Sql(0, "SELECT count(*) FROM ledger"), "0");
}

}  // namespace
}  // namespace pgsluice::testing
