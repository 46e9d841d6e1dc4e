#include "server/socket_facts.h"

#include <string>
#include <sys/socket.h>

#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "server/listening_sockets.h"
#include "tests/server/ports/client_socket.h"
#include "tests/testing/wait_for.h"

namespace pgsluice::testing {
namespace {

class SocketFactsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto sockets = ListeningSockets::Open("127.0.0.1:0", absl::Seconds(20));
    ASSERT_TRUE(sockets.ok()) << sockets.status();
    client_ = Connect(LocalAddress(sockets->port()));
    ASSERT_TRUE(WaitFor("it has come", [&] {
      server_ = Descriptor(
          accept4(sockets->sockets().front().get(), nullptr, nullptr, SOCK_CLOEXEC));
      return server_.is_open();
    }));
  }

  Descriptor client_;
  Descriptor server_;
};

TEST_F(SocketFactsTest, CountsWhatHasComeWhetherItWasReadOrNot) {
  const std::string bytes(10'000, 'x');
  ASSERT_EQ(send(client_.get(), bytes.data(), bytes.size(), 0), 10'000);

  EXPECT_TRUE(WaitFor("all has come", [&] {
    // 1 is for the beginning of the connection, if the system counts that.
    const uint64_t received = TrafficOf(server_.get()).received;
    return received == 10'000 || received == 10'001;
  }));
  EXPECT_EQ(BytesUnread(server_.get()), 10'000u);
  EXPECT_EQ(TrafficOf(-1).received, 0u);
  EXPECT_EQ(TrafficOf(-1).acknowledged, 0u);
  EXPECT_EQ(BytesUnread(-1), 0u);
}

TEST_F(SocketFactsTest, CountsWhatWasSentOnceItHasArrived) {
  const std::string bytes(5'000, 'x');
  ASSERT_EQ(send(server_.get(), bytes.data(), bytes.size(), 0), 5'000);

  EXPECT_TRUE(WaitFor("all is acknowledged", [&] {
    // 1 is for the beginning of the connection, if the system counts that.
    const uint64_t acknowledged = TrafficOf(server_.get()).acknowledged;
    return acknowledged == 5'000 || acknowledged == 5'001;
  }));
}

TEST_F(SocketFactsTest, CutsAConnectionWithAllThatHasNotBeenRead) {
  const std::string bytes(10'000, 'x');
  ASSERT_EQ(send(client_.get(), bytes.data(), bytes.size(), 0), 10'000);
  ASSERT_TRUE(WaitFor("it has come",
                      [&] { return TrafficOf(server_.get()).received >= 10'000; }));

  EXPECT_TRUE(CutConnection(server_.get(), InodeOf(server_.get())));

  char byte = 0;
  EXPECT_LE(recv(server_.get(), &byte, 1, MSG_DONTWAIT), 0);
  EXPECT_TRUE(IsEnded(client_));
  EXPECT_LE(recv(client_.get(), &byte, 1, MSG_DONTWAIT), 0);
}

TEST_F(SocketFactsTest, LeavesADescriptorAloneThatHasBecomeAnothers) {
  EXPECT_FALSE(CutConnection(server_.get(), InodeOf(server_.get()) + 1));
  EXPECT_FALSE(CutConnection(-1, 1));

  ASSERT_EQ(send(client_.get(), "x", 1, 0), 1);
  char byte = 0;
  EXPECT_EQ(recv(server_.get(), &byte, 1, 0), 1);
}

TEST(ResidentBytesTest, IsSomethingLikeThis) {
  EXPECT_GT(ResidentBytes(), uint64_t{1} << 20);
  EXPECT_LT(ResidentBytes(), uint64_t{1} << 40);
}

}  // namespace
}  // namespace pgsluice::testing
