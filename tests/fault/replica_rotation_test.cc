// Replicas that lag, are cut off or refuse sessions get no reads, in time, and get them
// again when they are well.
#include <atomic>
#include <iostream>
#include <memory>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"

#include "tests/testing/live_test.h"
#include "tests/testing/tcp_gate.h"

namespace pgsluice::testing {
namespace {

constexpr absl::Duration kMaxLag = absl::Milliseconds(500);
constexpr absl::Duration kOutWithin = absl::Seconds(1);
constexpr absl::Duration kBackWithin = absl::Seconds(5);

// One primary and two replicas; the second one behind a gate.
class ReplicaRotationTest : public LiveTest {
 public:
  static void SetUpTestSuite() { SetUpCluster({.replicas = 2}); }

 protected:
  void SetUp() override {
    LiveTest::SetUp();
    cluster().Sql(0, "CREATE TABLE IF NOT EXISTS written (i int)");
    ASSERT_TRUE(cluster().WaitCaughtUp().ok());
    gate_ = std::make_unique<TcpGate>(cluster().server(2).port());
    GatewaySettings settings;
    settings.conninfos = {
        cluster().server(0).conninfo(), cluster().server(1).conninfo(),
        absl::StrCat(cluster().server(2).conninfo(), " port=", gate_->port())};
    settings.set = {
        absl::StrCat("routing.max_lag_time=", absl::ToInt64Milliseconds(kMaxLag), "ms")};
    StartGateway(std::move(settings));
    ASSERT_TRUE(gateway().IsReady());
    ASSERT_TRUE(SeesRole(0, v1::ROLE_PRIMARY));
    for (size_t i : {1, 2}) {
      ASSERT_TRUE(SeesRole(i, v1::ROLE_REPLICA));
      ASSERT_TRUE(IsInRotation(i, true));
    }
  }
  void TearDown() override {
    EXPECT_TRUE(IsInRotation(1, true)) << "and it restores";
    EXPECT_TRUE(IsInRotation(2, true)) << "and it restores";
    LiveTest::TearDown();
    gate_.reset();
  }

  v1::EndpointHealth Health(size_t server) {
    const v1::HealthResponse health = client().Health();
    return health.endpoints_size() > static_cast<int>(server)
               ? health.endpoints(static_cast<int>(server))
               : v1::EndpointHealth();
  }
  ::testing::AssertionResult IsInRotation(size_t server, bool wanted) {
    return WaitFor(absl::StrCat("server", server, wanted ? " is in" : " is out"),
                   [&] { return Health(server).in_rotation() == wanted; });
  }
  std::string ServedBy() {
    v1::QueryRequest request = MakeQuery("SELECT 1", {}, v1::INTENT_READ);
    request.mutable_options()->set_report(true);
    const Answer answer = client().Query(request);
    EXPECT_TRUE(answer.ok()) << answer.failure;
    return answer.response.route().endpoint();
  }
  void ExpectNoReadsAt(const std::string& endpoint) {
    for (int i = 0; i < 50; ++i) EXPECT_NE(ServedBy(), endpoint);
  }
  // Writes a row every few milliseconds while `during` runs.
  template <class During>
  void WhileWriting(const During& during) {
    std::atomic<bool> is_over = false;
    std::thread writer([&] {
      while (!is_over) {
        const Answer answer = client().Query("INSERT INTO written VALUES (1)");
        EXPECT_TRUE(answer.ok()) << answer.failure;
        absl::SleepFor(absl::Milliseconds(5));  // The load, not a wait.
      }
    });
    during();
    is_over = true;
    writer.join();
  }

  std::unique_ptr<TcpGate> gate_;
};

TEST_F(ReplicaRotationTest, AReplicaWhoseReplayIsPausedLeavesAndReturns) {
  WhileWriting([&] {
    cluster().Sql(1, "SELECT pg_wal_replay_pause()");
    const absl::Time paused = absl::Now();
    EXPECT_TRUE(IsInRotation(1, false));
    const absl::Duration out = absl::Now() - paused;
    EXPECT_EQ(Health(1).out_of_rotation_why(), "lagging");
    EXPECT_TRUE(Health(1).receiver_alive()) << "it receives, but does not replay";
    EXPECT_GT(Health(1).lag_bytes(), 0u);
    ExpectNoReadsAt("server1");

    cluster().Sql(1, "SELECT pg_wal_replay_resume()");
    const absl::Time resumed = absl::Now();
    EXPECT_TRUE(IsInRotation(1, true));
    const absl::Duration back = absl::Now() - resumed;
    EXPECT_LE(out, kMaxLag + kOutWithin);
    EXPECT_LE(back, kBackWithin);
    std::cerr << "out " << out << " after the pause, back " << back << " after its end\n";
  });
  EXPECT_GE(client().PoolStats().routing().lag_exits(), 1u);
}

// It has replayed all that it has received: to itself it looks fresh.
TEST_F(ReplicaRotationTest, AReplicaThatIsCutOffLeavesAndReturns) {
  const std::string conninfo = cluster().Sql(1, "SHOW primary_conninfo");
  const auto connect_to = [&](const std::string& to) {
    cluster().Sql(1, absl::StrCat("ALTER SYSTEM SET primary_conninfo = '",
                                  absl::StrReplaceAll(to, {{"'", "''"}}), "'"));
    cluster().Sql(1, "SELECT pg_reload_conf()");
  };
  WhileWriting([&] {
    connect_to("host=127.0.0.1 port=1");
    EXPECT_TRUE(WaitFor("it is cut off", [&] { return !Health(1).receiver_alive(); }));
    const absl::Time cut_off = absl::Now();
    EXPECT_TRUE(IsInRotation(1, false));
    EXPECT_LE(absl::Now() - cut_off, kMaxLag + kOutWithin);
    EXPECT_EQ(Health(1).receive_lsn(), Health(1).lsn());
    ExpectNoReadsAt("server1");

    connect_to(conninfo);
    EXPECT_TRUE(WaitFor("it receives", [&] { return Health(1).receiver_alive(); }));
    const absl::Time connected = absl::Now();
    EXPECT_TRUE(IsInRotation(1, true));
    EXPECT_LE(absl::Now() - connected, kBackWithin);
  });
}

TEST_F(ReplicaRotationTest, AnIdlePrimaryMakesNoLag) {
  const absl::Time until = absl::Now() + 3 * kMaxLag;
  while (absl::Now() < until) {
    for (size_t i : {1, 2}) {
      const v1::EndpointHealth health = Health(i);
      ASSERT_TRUE(health.in_rotation()) << health.ShortDebugString();
    }
  }
}

// Its old sessions live, and so does that of the prober: only new ones are refused.
TEST_F(ReplicaRotationTest, AReplicaThatRefusesSessionsIsEjectedAtOnceAndNoReadFails) {
  EXPECT_TRUE(WaitFor("it serves", [&] { return ServedBy() == "server2"; }));
  gate_->SetMode(TcpGate::Mode::kRefuse);
  absl::Time refused = absl::InfinitePast();
  absl::Time out = absl::InfinitePast();
  // Idle sessions are enough for few reads: ask for more at a time.
  EXPECT_TRUE(WaitFor("it is ejected", [&] {
    if (client().PoolStats().pools_size() == 0) return false;
    std::vector<std::thread> readers;
    refused = absl::Now();
    for (int i = 0; i < 16; ++i) {
      readers.emplace_back([&] {
        const Answer read = client().Read("SELECT pg_sleep(0.02)");
        EXPECT_TRUE(read.ok()) << read.failure;
      });
    }
    for (std::thread& reader : readers) reader.join();
    out = absl::Now();
    return !Health(2).in_rotation();
  }));
  EXPECT_LE(out - refused, kOutWithin);
  const auto ejections = client().PoolStats().routing().ejections();
  EXPECT_GE(ejections.at("connect_failed"), 1u);
  // A probe on a new session, which the ejection asks for, is refused as well.
  EXPECT_TRUE(SeesUnreachable(2));
  ExpectNoReadsAt("server2");

  gate_->SetMode(TcpGate::Mode::kPass);
  const absl::Time healed = absl::Now();
  EXPECT_TRUE(IsInRotation(2, true));
  const absl::Duration back = absl::Now() - healed;
  EXPECT_LE(back, kBackWithin);
  EXPECT_TRUE(WaitFor("it serves again", [&] { return ServedBy() == "server2"; }));
  std::cerr << "out " << out - refused << " after the first reads, back " << back
            << " after it was well\n";
}

TEST_F(ReplicaRotationTest, ARouteIsExplained) {
  v1::ExplainRouteRequest request;
  request.mutable_options()->set_intent(v1::INTENT_READ);
  grpc::ClientContext context;
  v1::ExplainRouteResponse read;
  ASSERT_TRUE(client().stub().ExplainRoute(&context, request, &read).ok());

  EXPECT_EQ(read.reason(), "read");
  ASSERT_EQ(read.endpoints_size(), 3);
  EXPECT_EQ(read.endpoints(0).rejection(), "other_role");
  EXPECT_TRUE(read.endpoints(1).eligible());
  EXPECT_TRUE(read.endpoints(2).eligible());
  EXPECT_GT(read.endpoints(1).round_trip().nanos(), 0);

  request.Clear();
  grpc::ClientContext again;
  v1::ExplainRouteResponse write;
  ASSERT_TRUE(client().stub().ExplainRoute(&again, request, &write).ok());
  EXPECT_EQ(write.endpoint(), "server0");
  EXPECT_EQ(write.endpoints(1).why(), "it is a replica, and the call needs the primary");
}

}  // namespace
}  // namespace pgsluice::testing
