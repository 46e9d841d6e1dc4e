// The primary is lost under load and its replica promoted: writes that were not sent
// wait, those that were are told as what they are, and the old primary never gets one
// again.
#include <iostream>
#include <set>

#include "tests/fault/write_load.h"
#include "tests/testing/admin_client.h"
#include "tests/testing/live_test.h"
#include "tests/testing/sql_connection.h"

namespace pgsluice::testing {
namespace {

constexpr int kWriters = 8;
constexpr size_t kSome = 100;
// With probes every 250 ms, and on a busy machine.
constexpr absl::Duration kFirstWriteWithin = absl::Seconds(1);

class FailoverTest : public LiveTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    cluster().Sql(0, "CREATE TABLE written (name text PRIMARY KEY)");
    ASSERT_TRUE(cluster().WaitCaughtUp().ok());
  }
  static std::set<std::string> Written(size_t server) {
    std::set<std::string> names;
    const auto rows = cluster().TrySql(server, "SELECT name FROM written");
    EXPECT_TRUE(rows.ok()) << rows.status();
    if (!rows.ok()) return names;
    for (const SqlRow& row : *rows) names.insert(row.front().value_or(""));
    return names;
  }
  ::testing::AssertionResult Goes(WriteLoad& load, size_t further) {
    const size_t before = load.CountAcknowledged();
    return WaitFor("writes go on",
                   [&] { return load.CountAcknowledged() > before + further; });
  }
  v1::RoutingStats Routing() { return client().PoolStats().routing(); }
};

TEST_F(FailoverTest, WritesWaitForThePromotedReplica) {
  StartGateway();
  ASSERT_TRUE(WaitFor("the replica streams",
                      [&] { return client().Health().endpoints(1).receiver_alive(); }));
  cluster().Sql(0, "ALTER SYSTEM SET synchronous_standby_names = '*'");
  cluster().Sql(0, "SELECT pg_reload_conf()");
  WriteLoad load(client(), kWriters);
  EXPECT_TRUE(Goes(load, kSome));

  EXPECT_TRUE(cluster().server(0).Stop(StopMode::kImmediate).ok());
  EXPECT_TRUE(WaitFor("writes wait", [&] { return Routing().buffered_now() > 0; }));
  const Answer read = client().Read("SELECT count(*) FROM written");
  EXPECT_TRUE(read.ok()) << "reads go on: " << read.failure;
  EXPECT_TRUE(cluster().Promote(1).ok());
  const absl::Time promoted = absl::Now();
  EXPECT_TRUE(WaitFor("a write is done", [&] {
    return load.FirstAcknowledgedAfter(promoted) != absl::InfiniteFuture();
  }));
  const absl::Duration took = load.FirstAcknowledgedAfter(promoted) - promoted;
  EXPECT_TRUE(Goes(load, kSome));

  // Back on its old timeline, and writable.
  ASSERT_TRUE(cluster().server(0).Start().ok());
  EXPECT_TRUE(WaitFor("the old primary is seen and refused", [&] {
    const v1::EndpointHealth old = client().Health().endpoints(0);
    return old.reachable() && !old.in_rotation();
  }));
  const size_t on_old = Written(0).size();
  EXPECT_TRUE(Goes(load, kSome));
  load.Stop();

  EXPECT_EQ(Written(0).size(), on_old) << "the old primary got a write";
  const std::set<std::string> written = Written(1);
  for (const std::string& name : load.Acknowledged()) {
    EXPECT_TRUE(written.contains(name)) << name << " was acknowledged";
  }
  // What was under way when the server crashed, and nothing else: at most one a writer.
  const std::vector<Failure> failures = load.Failures();
  EXPECT_LE(failures.size(), static_cast<size_t>(kWriters));
  for (const Failure& failure : failures) {
    EXPECT_NE(failure.verdict.outcome(), v1::OUTCOME_NOT_STARTED) << failure;
  }
  EXPECT_LE(took, kFirstWriteWithin);
  const v1::RoutingStats routing = Routing();
  EXPECT_EQ(routing.failovers(), 1u);
  EXPECT_EQ(routing.outages(), 1u);
  EXPECT_EQ(routing.buffered_expired(), 0u);
  EXPECT_EQ(routing.buffered_now(), 0u);
  std::cerr << "first write " << took << " after promotion; no write for "
            << load.LongestGap() << "; " << failures.size() << " writes in doubt, "
            << routing.buffered_total() << " waited\n";
}

// Planned: work in flight ends first, new work waits; nobody sees an error.
class SwitchoverTest : public FailoverTest {};

TEST_F(SwitchoverTest, APlannedOneIsNotSeenByAnybody) {
  StartGateway();
  AdminClient admin(gateway().admin_port());
  WriteLoad load(client(), kWriters);
  EXPECT_TRUE(Goes(load, kSome));

  EXPECT_TRUE(admin.Pause("server0").ok());
  EXPECT_TRUE(gateway().HasPools(
      "nothing is in flight", [](const auto& stats) { return TotalLeased(stats) == 0; }));
  EXPECT_TRUE(cluster().server(0).Stop(StopMode::kFast).ok());
  EXPECT_TRUE(cluster().Promote(1).ok());
  EXPECT_TRUE(Goes(load, kSome));
  EXPECT_TRUE(admin.Resume("server0").ok());

  // The old primary comes back as it was, writable on its old timeline.
  ASSERT_TRUE(cluster().server(0).Start().ok());
  EXPECT_TRUE(Goes(load, kSome));
  load.Stop();
  for (const Failure& failure : load.Failures()) ADD_FAILURE() << failure;
  std::cerr << "switched over; no write for " << load.LongestGap() << "\n";
}

// The primary goes away and comes back, again and again: calls wait, and never too many.
class FlappingTest : public FailoverTest {};

TEST_F(FlappingTest, APrimaryThatComesAndGoesLeavesNoQueueBehind) {
  StartGateway({"routing.failover_buffer_size=4"});
  WriteLoad load(client(), kWriters);
  for (int round = 0; round < 3; ++round) {
    EXPECT_TRUE(Goes(load, kSome));
    const uint64_t refused = Routing().buffered_refused();
    const uint64_t outages = Routing().outages();
    EXPECT_TRUE(cluster().server(0).Stop(StopMode::kImmediate).ok());
    EXPECT_TRUE(WaitFor("the buffer is full", [&] {
      const v1::RoutingStats routing = Routing();
      EXPECT_LE(routing.buffered_now(), 4u);
      return routing.buffered_refused() > refused && routing.outages() > outages;
    }));
    EXPECT_TRUE(cluster().server(0).Start().ok());
  }
  EXPECT_TRUE(Goes(load, kSome));
  load.Stop();

  for (const Failure& failure : load.Failures()) {
    if (failure.verdict.outcome() != v1::OUTCOME_NOT_STARTED) continue;
    EXPECT_EQ(failure.reason, "FAILOVER_BUFFER_FULL") << failure;
  }
  EXPECT_EQ(Routing().failovers(), 0u);
  EXPECT_GE(Routing().outages(), 3u);
}

// A server that refuses writes but is the primary still: told, and not retried for ever.
class ReadOnlyPrimaryTest : public FailoverTest {};

TEST_F(ReadOnlyPrimaryTest, APrimaryThatRefusesWritesIsAskedAgainAndThenBelieved) {
  StartGateway();
  ASSERT_TRUE(client().Query("INSERT INTO written VALUES ('before')").ok());
  cluster().Sql(0, "ALTER SYSTEM SET default_transaction_read_only = on");
  cluster().Sql(0, "SELECT pg_reload_conf()");
  EXPECT_TRUE(WaitFor("writes are refused", [&] {
    const Answer write = client().Query("INSERT INTO written VALUES ('x')");
    if (write.ok()) client().Query("DELETE FROM written WHERE name = 'x'");
    return !write.ok() && write.failure.sqlstate() == "25006";
  }));

  const Answer refused = client().Query("INSERT INTO written VALUES ('meanwhile')");
  EXPECT_EQ(refused.failure.code, grpc::StatusCode::UNAVAILABLE) << refused.failure;
  EXPECT_EQ(refused.failure.verdict.outcome(), v1::OUTCOME_ROLLED_BACK);

  auto connection = SqlConnection::Open(cluster().server(0).local_conninfo());
  ASSERT_TRUE(connection.ok());
  EXPECT_TRUE(connection->Run("SET default_transaction_read_only = off").ok());
  EXPECT_TRUE(connection->Run("ALTER SYSTEM RESET default_transaction_read_only").ok());
  EXPECT_TRUE(connection->Run("SELECT pg_reload_conf()").ok());
  EXPECT_TRUE(WaitFor("it restores", [&] {
    return client()
        .Query("INSERT INTO written VALUES ('after') ON CONFLICT DO NOTHING")
        .ok();
  }));
}

}  // namespace
}  // namespace pgsluice::testing
