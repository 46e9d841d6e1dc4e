// SIGTERM: what runs may end, what stays open is rolled back, nothing is left.
#include <netinet/in.h>
#include <signal.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "gmock/gmock.h"

#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

// A caller's connection that has said hello, and reads nothing and answers nothing.
class DeafConnection final {
 public:
  explicit DeafConnection(int port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)),
              0);
    // The preface of HTTP/2, and an empty SETTINGS frame.
    constexpr std::string_view kHello(
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", 24 + 9);
    EXPECT_EQ(send(socket_, kHello.data(), kHello.size(), 0),
              static_cast<ssize_t>(kHello.size()));
  }
  DeafConnection(const DeafConnection&) = delete;
  DeafConnection& operator=(const DeafConnection&) = delete;
  ~DeafConnection() { close(socket_); }

  // The gateway has answered: it takes the connection for one of gRPC.
  bool IsGreeted() const {
    char byte = 0;
    return recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
  }

 private:
  const int socket_;
};

class ShutdownTest : public LiveTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    cluster().Sql(0, "DROP TABLE IF EXISTS ledger");
    cluster().Sql(0, "CREATE TABLE ledger (a int PRIMARY KEY)");
  }
  // The gateway has ended well and left nothing behind.
  void ExpectEnded(absl::Duration limit = absl::Seconds(20)) {
    const auto exit_status = gateway().WaitForEnd(limit);
    ASSERT_TRUE(exit_status.ok()) << exit_status.status() << "\n" << gateway().Log();
    EXPECT_EQ(*exit_status, 0) << gateway().Log();
    for (size_t i = 0; i < cluster().size(); ++i) {
      EXPECT_TRUE(
          WaitFor("no backend is left", [i] { return cluster().CountBackends(i) == 0; }));
    }
    ForgetGateway();
  }
};

TEST_F(ShutdownTest, AnIdleGatewayEndsAtOnce) {
  StartGateway();

  gateway().Signal(SIGTERM);

  ExpectEnded(absl::Seconds(5));
}

TEST_F(ShutdownTest, ACallerThatDoesNotHearTheGoodbyeHoldsNothingUp) {
  StartGateway({"shutdown.drain_deadline=60s"});
  ASSERT_TRUE(client().Query("SELECT 1").ok());
  const DeafConnection deaf(gateway().port());
  ASSERT_TRUE(WaitFor("it is greeted", [&] { return deaf.IsGreeted(); }));

  gateway().Signal(SIGTERM);

  ExpectEnded(absl::Seconds(10));
}

TEST_F(ShutdownTest, InterruptIsTakenLikeTerminate) {
  StartGateway();

  gateway().Signal(SIGINT);

  ExpectEnded(absl::Seconds(5));
}

TEST_F(ShutdownTest, ARunningQueryMayEnd) {
  StartGateway({"shutdown.drain_deadline=15s"});
  Answer answer;
  std::thread caller([&] { answer = client().Query("SELECT 'done' FROM pg_sleep(1)"); });
  ASSERT_TRUE(
      WaitFor("it runs", [] { return cluster().CountActive(0, "pg_sleep(1)") == 1; }));

  gateway().Signal(SIGTERM);
  caller.join();

  EXPECT_TRUE(answer.ok()) << answer.failure;
  EXPECT_EQ(answer.at(0, 0).text(), "done");
  ExpectEnded();
}

TEST_F(ShutdownTest, AnOpenTransactionIsToldAndMayCommit) {
  StartGateway({"shutdown.drain_deadline=15s"});
  TransactionStream transaction(client());
  ASSERT_TRUE(transaction.Begin().has_begun());
  ASSERT_TRUE(transaction.Execute("INSERT INTO ledger VALUES (1)").has_result());

  gateway().Signal(SIGTERM);
  const auto told = transaction.Receive();
  const v1::TransactionResponse committed = transaction.Commit();

  ASSERT_TRUE(told.has_value());
  EXPECT_TRUE(told->has_draining()) << told->ShortDebugString();
  EXPECT_EQ(told->seq(), 0U);
  EXPECT_TRUE(committed.has_committed()) << committed.ShortDebugString();
  transaction.Finish();
  ExpectEnded();
  EXPECT_EQ(cluster().Sql(0, "SELECT count(*) FROM ledger"), "1");
}

TEST_F(ShutdownTest, WhatIsLeftAtTheDeadlineIsRolledBack) {
  StartGateway({"shutdown.drain_deadline=500ms"});
  TransactionStream transaction(client());
  ASSERT_TRUE(transaction.Begin().has_begun());
  ASSERT_TRUE(transaction.Execute("INSERT INTO ledger VALUES (1)").has_result());
  Answer answer;
  std::thread caller([&] { answer = client().Query("SELECT pg_sleep(61)"); });
  ASSERT_TRUE(
      WaitFor("it runs", [] { return cluster().CountActive(0, "pg_sleep(61)") == 1; }));

  gateway().Signal(SIGTERM);
  caller.join();
  const Failure failure = transaction.Finish();

  EXPECT_FALSE(answer.ok());
  EXPECT_NE(failure.code, grpc::StatusCode::OK);
  ExpectEnded(absl::Seconds(10));
  EXPECT_EQ(cluster().Sql(0, "SELECT count(*) FROM ledger"), "0");
}

TEST_F(ShutdownTest, ASecondSignalHurriesAndStaysClean) {
  StartGateway({"shutdown.drain_deadline=60s"});
  TransactionStream transaction(client());
  ASSERT_TRUE(transaction.Begin().has_begun());
  ASSERT_TRUE(transaction.Execute("INSERT INTO ledger VALUES (1)").has_result());

  gateway().Signal(SIGTERM);
  ASSERT_TRUE(transaction.Receive().has_value());
  gateway().Signal(SIGTERM);
  transaction.Finish();

  ExpectEnded(absl::Seconds(10));
  EXPECT_EQ(cluster().Sql(0, "SELECT count(*) FROM ledger"), "0");
}

TEST_F(ShutdownTest, DuringTheDrainDelayEverythingIsServedButReadiness) {
  using grpc::health::v1::HealthCheckResponse;
  StartGateway({"shutdown.drain_delay=60s"});

  gateway().Signal(SIGTERM);

  EXPECT_TRUE(WaitFor("it is not ready", [&] {
    return gateway().health().Check("readiness") == HealthCheckResponse::NOT_SERVING;
  }));
  EXPECT_TRUE(gateway().health().IsServing("liveness"));
  EXPECT_TRUE(client().Query("SELECT 1").ok());
  EXPECT_TRUE(client().Health().draining());
  gateway().Signal(SIGTERM);
  ExpectEnded(absl::Seconds(10));
}

}  // namespace
}  // namespace pgsluice::testing
