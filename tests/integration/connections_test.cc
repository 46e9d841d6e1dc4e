// How many connections clients may have, and what becomes of those beyond.
#include <grpcpp/create_channel.h>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/integration/metrics_page.h"
#include "tests/integration/reload_fixture.h"
#include "tests/testing/free_port.h"
#include "tests/testing/raw_connection.h"

namespace pgsluice::testing {
namespace {

using ::testing::ElementsAre;

class ConnectionsTest : public ReloadTest {
 protected:
  void StartMeasured(std::vector<std::string> set = {}) {
    metrics_port_ = PickFreePort();
    set.push_back(
        absl::StrCat("server.metrics_listen_address=127.0.0.1:", metrics_port_));
    Start(std::move(set));
    // The client of the fixture has one.
    ASSERT_TRUE(HasOpen(1));
  }
  RawConnection Open(const std::string& from = "127.0.0.1") {
    return RawConnection(gateway().port(), from);
  }
  double Value(const std::string& series) {
    return MetricsPage::Of(metrics_port_)[series];
  }
  ::testing::AssertionResult HasOpen(double count) {
    return WaitFor(absl::StrCat(count, " are open"), [&] {
      return Value(R"(pgsluice_server_connections{port="main"})") == count;
    });
  }
  ::testing::AssertionResult HasRefused(const std::string& reason, double count) {
    return WaitFor(absl::StrCat(count, " are refused for ", reason), [&] {
      return Value(absl::StrCat(
                 R"(pgsluice_server_connections_refused_total{port="main",reason=")",
                 reason, R"("})")) == count;
    });
  }

  int metrics_port_ = 0;
};

TEST_F(ConnectionsTest, APeerHasNoMoreThanItMayAndOthersAreServed) {
  StartMeasured({"server.max_connections_per_peer=3"});
  {
    RawConnection second = Open();
    RawConnection third = Open();
    EXPECT_TRUE(second.IsServed());
    EXPECT_TRUE(third.IsServed());
    ASSERT_TRUE(HasOpen(3));

    RawConnection fourth = Open();
    EXPECT_TRUE(fourth.IsClosed());
    EXPECT_TRUE(HasRefused("max_connections_per_peer", 1));
    RawConnection neighbour = Open("127.0.0.2");
    EXPECT_TRUE(neighbour.IsServed()) << "another address has its own";
    EXPECT_TRUE(client().Query("SELECT 1").ok()) << "who is there stays";
  }
  EXPECT_TRUE(HasOpen(1));
  RawConnection next = Open();
  EXPECT_TRUE(next.IsServed());
  // The admin port counts for itself, and was not in the way.
  EXPECT_TRUE(gateway().health().IsServing("readiness"));
}

TEST_F(ConnectionsTest, AReloadChangesHowManyThereMayBe) {
  lines_["server"] = {"max_connections: 3"};
  StartMeasured();
  RawConnection second = Open();
  RawConnection third = Open("127.0.0.2");
  ASSERT_TRUE(second.IsServed());
  ASSERT_TRUE(third.IsServed());
  RawConnection refused = Open("127.0.0.3");
  ASSERT_TRUE(refused.IsClosed());
  ASSERT_TRUE(HasRefused("max_connections", 1));

  lines_["server"] = {"max_connections: 4"};
  EXPECT_THAT(PathsOf(Reload().applied()), ElementsAre("server.max_connections"));

  RawConnection fourth = Open("127.0.0.3");
  EXPECT_TRUE(fourth.IsServed());
}

TEST_F(ConnectionsTest, APeerConnectsNoFasterThanItMay) {
  StartMeasured({"server.max_connection_rate_per_peer=2"});
  std::vector<RawConnection> many;
  for (int i = 0; i < 30; ++i) many.push_back(Open("127.0.0.2"));

  EXPECT_TRUE(WaitFor("most are refused", [&] {
    return Value(R"(pgsluice_server_connections_refused_total{port="main",)"
                 R"(reason="max_connection_rate_per_peer"})") >= 20;
  }));
  EXPECT_TRUE(Open().IsServed()) << "another address has its own";
  EXPECT_TRUE(client().Query("SELECT 1").ok());
}

TEST_F(ConnectionsTest, ServesOnAfterItHadNoFileLeft) {
  WriteFile();
  GatewaySettings settings;
  settings.config_file = path_;
  settings.wrapper = {"/usr/bin/prlimit", "--nofile=90:90"};
  settings.set = {"server.max_connections=0", "server.max_connections_per_peer=0"};
  StartGateway(std::move(settings));
  ASSERT_TRUE(gateway().IsReady());
  ASSERT_TRUE(client().Query("SELECT 1").ok());
  {
    std::vector<RawConnection> many;
    for (int i = 0; i < 150; ++i) many.push_back(Open("127.0.0.2"));
    EXPECT_TRUE(WaitFor("it is told", [&] { return CountLines("no_descriptor") > 0; }));
    EXPECT_TRUE(client().Query("SELECT 1").ok());
  }
  EXPECT_TRUE(WaitFor("there is room again", [&] { return Open().IsServed(); }));
  EXPECT_TRUE(client().Query("SELECT 1").ok());
}

TEST_F(ConnectionsTest, AHandshakeThatTakesTooLongIsEnded) {
  StartMeasured({"server.handshake_timeout=1s"});
  RawConnection silent = Open();
  RawConnection slow = Open();
  ASSERT_TRUE(slow.Send("PRI * HT"));

  EXPECT_TRUE(silent.IsClosed());
  EXPECT_TRUE(slow.IsClosed());
  EXPECT_TRUE(HasOpen(1));
}

TEST_F(ConnectionsTest, ServesAUnixSocketAndGoesOnWhereTheDeadHaveLeftTheirs) {
  const std::string path = cluster().temp_path() + "/grpc.sock";
  const std::string address = "unix:" + path;
  const auto answers = [&] {
    const auto stub = v1::GatewayService::NewStub(
        grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    SetDeadline(context, kCallLimit);
    v1::QueryResponse response;
    return stub->Query(&context, MakeQuery("SELECT 1"), &response).ok();
  };
  for (int i = 0; i < 2; ++i) {
    GatewaySettings settings;
    settings.conninfos = conninfos_;
    settings.set = {"server.listen_address=" + address};
    StartGateway(std::move(settings));
    ASSERT_TRUE(gateway().IsReady());
    EXPECT_TRUE(answers());
    if (i == 0) gateway().Kill();
  }
  // What TearDown looks at is on a port that is not there.
  EXPECT_EQ(gateway().Stop().value_or(-1), 0);
  ForgetGateway();
}

TEST_F(ConnectionsTest, CompressedRequestsAreRefusedBeforeTheyAreUnpacked) {
  StartMeasured();
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  v1::QueryResponse response;

  const grpc::Status status = client().stub().Query(
      &context, MakeQuery(absl::StrCat("SELECT 1 --", std::string(10'000, 'x'))),
      &response);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED)
      << status.error_message();
  EXPECT_TRUE(client().Query("SELECT 1").ok());
}

}  // namespace
}  // namespace pgsluice::testing
