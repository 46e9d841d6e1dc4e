// A replica that stands still, or whose link has gone silent, under a load of reads: each
// read ends in time, those behind it go elsewhere, and the replica serves again when it
// is back.
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/fault/fault_test.h"
#include "tests/fault/read_load.h"
#include "tests/testing/free_port.h"
#include "tests/testing/namespace_relay.h"
#include "tests/testing/network_namespace.h"

namespace pgsluice::testing {
namespace {

constexpr absl::Duration kDeadline = absl::Milliseconds(500);
// A call returns at its deadline + 250 ms; the rest is for a loaded machine.
constexpr absl::Duration kGrace = absl::Seconds(1);
constexpr absl::Duration kFoundWithin = absl::Seconds(5);

class ReplicaSilentTest : public FaultTest {
 public:
  static void SetUpTestSuite() { SetUpCluster({.replicas = 2}); }

 protected:
  void TearDown() override {
    cluster().server(1).Thaw();
    FaultTest::TearDown();
    relay_.reset();
    network_.reset();
  }
  // The first replica behind a link that can be lost; the others as they are. Timers of
  // sessions have their defaults.
  void StartBehindLink() {
    auto network = NetworkNamespace::Create(cluster().temp_path());
    if (!network.ok()) {
      std::cerr << "SKIPPED, half-open links are not tested: " << network.status()
                << "\n";
      GTEST_SKIP() << network.status();
    }
    network_ = *std::move(network);
    const int port = PickFreePort();
    auto relay = NamespaceRelay::Start(
        *network_, port,
        absl::StrCat(cluster().temp_path(), "/.s.PGSQL.", cluster().server(1).port()));
    ASSERT_TRUE(relay.ok()) << relay.status();
    relay_ = *std::move(relay);
    GatewaySettings settings;
    settings.conninfos = {cluster().server(0).conninfo(),
                          absl::StrCat("host=", network_->address(), " port=", port,
                                       " user=postgres dbname=postgres"),
                          cluster().server(2).conninfo()};
    settings.set = {"pools.replica.connect_timeout=1s"};
    StartGateway(std::move(settings));
    ASSERT_TRUE(gateway().IsReady());
    ASSERT_TRUE(SeesRole(0, v1::ROLE_PRIMARY));
    ASSERT_TRUE(SeesRole(1, v1::ROLE_REPLICA));
    ASSERT_TRUE(SeesRole(2, v1::ROLE_REPLICA));
  }

  std::unique_ptr<NetworkNamespace> network_;
  std::unique_ptr<NamespaceRelay> relay_;
};

TEST_F(ReplicaSilentTest, ReadsOfAFrozenReplicaEndAtTheirDeadlinesAndOthersGoElsewhere) {
  StartGateway({"limits.default_deadline=500ms", "limits.max_deadline=500ms",
                "limits.cancel_budget=300ms", "probe.timeout=500ms",
                "pools.replica.connect_timeout=1s"});
  ReadLoad load(client());
  EXPECT_TRUE(load.IsServedBy("server1"));
  EXPECT_TRUE(load.IsServedBy("server2"));
  load.Forget();

  cluster().server(1).Freeze();
  EXPECT_TRUE(SeesUnreachable(1));
  EXPECT_TRUE(gateway().HasPools("no read waits for it any more", [](const auto& stats) {
    const auto pool = PoolOf(stats, "server1", v1::ROLE_REPLICA);
    return pool.leased() + pool.waiters() == 0;
  }));
  EXPECT_TRUE(load.GoesOn());
  for (const Failure& failure : load.failures()) {
    EXPECT_EQ(failure.code, grpc::StatusCode::DEADLINE_EXCEEDED) << failure;
  }
  EXPECT_LT(load.slowest(), kDeadline + kGrace);
  std::cerr << load.failures().size() << " reads met it\n";
  load.Forget();
  EXPECT_TRUE(load.GoesOn(1000));
  EXPECT_THAT(load.failures(), ::testing::IsEmpty()) << "it is known by now";
  EXPECT_EQ(load.answered_by("server0"), 0U) << "the other replica is there";

  cluster().server(1).Thaw();
  EXPECT_TRUE(load.IsServedBy("server1"));
  load.Stop();
}

TEST_F(ReplicaSilentTest, ReadsBehindASilentLinkAreSentAgainElsewhereWithinFiveSeconds) {
  ASSERT_NO_FATAL_FAILURE(StartBehindLink());
  if (IsSkipped()) return;
  ReadLoad load(client());
  EXPECT_TRUE(load.IsServedBy("server1"));
  EXPECT_TRUE(load.IsServedBy("server2"));
  load.Forget();

  const absl::Time lost = absl::Now();
  EXPECT_TRUE(network_->LoseAddress().ok());
  EXPECT_TRUE(SeesUnreachable(1));
  EXPECT_TRUE(load.GoesOn(1000));
  EXPECT_TRUE(gateway().HasPools("its sessions are found dead", [](const auto& stats) {
    const auto pool = PoolOf(stats, "server1", v1::ROLE_REPLICA);
    return pool.idle() + pool.leased() == 0;
  }));
  EXPECT_LT(absl::Now() - lost, kFoundWithin + kGrace);
  EXPECT_LT(load.slowest(), kFoundWithin);
  std::cerr << "the slowest read took " << load.slowest() << "\n";
  EXPECT_THAT(load.failures(), ::testing::IsEmpty());

  ASSERT_TRUE(network_->RegainAddress().ok());
  EXPECT_TRUE(load.IsServedBy("server1"));
  load.Stop();
  EXPECT_THAT(load.failures(), ::testing::IsEmpty());
}

}  // namespace
}  // namespace pgsluice::testing
