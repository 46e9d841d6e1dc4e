// The address behind a host name changes, because what it names has moved: the gateway
// dials the new one by itself, whether the old one refuses or has gone silent.
#include <iostream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"

#include "tests/fault/fault_test.h"
#include "tests/testing/free_port.h"
#include "tests/testing/namespace_relay.h"
#include "tests/testing/network_namespace.h"
#include "tests/testing/own_hosts.h"
#include "tests/testing/tcp_gate.h"

namespace pgsluice::testing {
namespace {

constexpr char kName[] = "database.pgsluice.test";
// Two addresses of this machine; whatever is behind the name has the same port.
constexpr char kOld[] = "127.0.0.2";
constexpr char kNew[] = "127.0.0.3";
constexpr absl::Duration kFoundWithin = absl::Seconds(5);

class DnsChangeTest : public FaultTest {
 protected:
  void SetUp() override {
    FaultTest::SetUp();
    auto hosts = OwnHosts::Create(cluster().temp_path(), kName);
    if (!hosts.ok()) {
      std::cerr << "SKIPPED, changes of addresses are not tested: " << hosts.status()
                << "\n";
      GTEST_SKIP() << hosts.status();
    }
    hosts_ = *std::move(hosts);
    cluster().Sql(0, "CREATE TABLE IF NOT EXISTS ledger (a int)");
    ASSERT_TRUE(cluster().WaitCaughtUp().ok());
  }
  void TearDown() override {
    // What is left of the connections to an address that was lost ends.
    if (network_ != nullptr) network_->RegainAddress().IgnoreError();
    FaultTest::TearDown();
    new_gate_.reset();
    relay_.reset();
    network_.reset();
  }

  // One endpoint, known by its name only.
  void StartByName(int port) {
    GatewaySettings settings;
    settings.conninfos = {
        absl::StrCat("host=", kName, " port=", port, " user=postgres dbname=postgres")};
    settings.wrapper = hosts_->Wrapper();
    settings.set = {"pools.primary.connect_timeout=1s", "probe.timeout=1s"};
    StartGateway(std::move(settings));
    ASSERT_TRUE(gateway().IsReady());
    ASSERT_TRUE(SeesRole(0, v1::ROLE_PRIMARY));
    ASSERT_TRUE(Write().ok());
  }
  Answer Write() {
    return client().Query(MakeQuery("INSERT INTO ledger VALUES (1)"), absl::Seconds(2));
  }
  // From the change of the address to the first write.
  void ExpectRestoredSince(absl::Time changed) {
    EXPECT_TRUE(WaitFor("writes are served", [&] { return Write().ok(); }));
    const absl::Duration taken = absl::Now() - changed;
    std::cerr << "the new address serves after " << taken << "\n";
    EXPECT_LT(taken, kFoundWithin);
  }

  std::unique_ptr<OwnHosts> hosts_;
  std::unique_ptr<NetworkNamespace> network_;
  std::unique_ptr<NamespaceRelay> relay_;
  std::unique_ptr<TcpGate> new_gate_;
};

TEST_F(DnsChangeTest, AnAddressThatHasGoneSilentIsLeftForTheNewOne) {
  auto network = NetworkNamespace::Create(cluster().temp_path());
  if (!network.ok()) {
    std::cerr << "SKIPPED, silent addresses are not tested: " << network.status() << "\n";
    GTEST_SKIP() << network.status();
  }
  network_ = *std::move(network);
  const int port = PickFreePort();
  const int server_port = cluster().server(0).port();
  auto relay = NamespaceRelay::Start(
      *network_, port, absl::StrCat(cluster().temp_path(), "/.s.PGSQL.", server_port));
  ASSERT_TRUE(relay.ok()) << relay.status();
  relay_ = *std::move(relay);
  new_gate_ = std::make_unique<TcpGate>(server_port, kNew, port);
  hosts_->PointTo(network_->address());
  StartByName(port);
  EXPECT_EQ(new_gate_->connections(), 0);

  const absl::Time changed = absl::Now();
  hosts_->PointTo(kNew);
  ASSERT_TRUE(network_->LoseAddress().ok());
  ExpectRestoredSince(changed);

  EXPECT_GT(new_gate_->connections(), 0);
}

// Last: the first server is not the primary any more after this.
TEST_F(DnsChangeTest, TheNameOfThePrimaryMovesToTheServerThatWasPromoted) {
  const int port = PickFreePort();
  TcpGate old_gate(cluster().server(0).port(), kOld, port);
  new_gate_ = std::make_unique<TcpGate>(cluster().server(1).port(), kNew, port);
  hosts_->PointTo(kOld);
  StartByName(port);
  ASSERT_TRUE(cluster().WaitCaughtUp().ok());

  EXPECT_TRUE(cluster().server(0).Stop(StopMode::kImmediate).ok());
  old_gate.SetMode(TcpGate::Mode::kRefuse);
  EXPECT_TRUE(SeesUnreachable(0));
  EXPECT_TRUE(cluster().Promote(1).ok());
  const absl::Time changed = absl::Now();
  hosts_->PointTo(kNew);
  ExpectRestoredSince(changed);

  EXPECT_TRUE(SeesRole(0, v1::ROLE_PRIMARY));
  EXPECT_EQ(client().Health().endpoints(0).timeline(), 2U);
  EXPECT_TRUE(gateway().IsQuiet());
  EXPECT_EQ(gateway().Stop().value_or(-1), 0);
  ForgetGateway();
}

}  // namespace
}  // namespace pgsluice::testing
