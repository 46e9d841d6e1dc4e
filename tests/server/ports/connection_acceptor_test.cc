#include "server/connection_acceptor.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "tests/server/ports/client_socket.h"
#include "tests/testing/temp_dir.h"
#include "tests/testing/wait_for.h"

namespace pgsluice::testing {
namespace {

using enum ConnectionVerdict;

// Keeps what it gets, as gRPC would.
class ConnectionAcceptorTest : public ::testing::Test {
 protected:
  ConnectionAcceptor& Start(const ConnectionLimits& limits,
                            const std::string& address = "127.0.0.1:0") {
    constexpr uint64_t kMaxRequestBytes = 100'000;
    ConnectionWatch watch(kMaxRequestBytes, [this](const std::string& peer, absl::Time) {
      const std::lock_guard lock(mutex_);
      asked_ = peer;
      return counts_;
    });
    auto sockets = ListeningSockets::Open(address, absl::Seconds(20));
    EXPECT_TRUE(sockets.ok()) << sockets.status();
    acceptor_ = std::make_unique<ConnectionAcceptor>(
        "main", *std::move(sockets), limits, std::move(watch), [this](int descriptor) {
          const std::lock_guard lock(mutex_);
          accepted_.push_back(Descriptor(descriptor));
        });
    return *acceptor_;
  }
  void TearDown() override { acceptor_.reset(); }

  Descriptor Open(const std::string& from = "127.0.0.1") {
    const sockaddr_in own = LocalAddress(0, from);
    const sockaddr_in address = LocalAddress(acceptor_->port());
    Descriptor client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(bind(client.get(), reinterpret_cast<const sockaddr*>(&own), sizeof(own)),
              0);
    EXPECT_EQ(connect(client.get(), reinterpret_cast<const sockaddr*>(&address),
                      sizeof(address)),
              0);
    return client;
  }
  uint64_t CountOf(ConnectionVerdict verdict) {
    return acceptor_->totals().verdicts[static_cast<size_t>(verdict)];
  }
  ::testing::AssertionResult Accepts(uint64_t count) {
    return WaitFor("it is accepted", [&] { return CountOf(kAccept) >= count; });
  }
  ::testing::AssertionResult HandsOver(size_t count) {
    return WaitFor("they are handed over", [&] {
      const std::lock_guard lock(mutex_);
      return accepted_.size() == count;
    });
  }
  uint64_t CutsFor(CutReason reason) {
    return acceptor_->totals().cuts[static_cast<size_t>(reason)];
  }
  // Sends until the other end closes, which reads all of it.
  void SendUntilCut(const Descriptor& client) {
    const int server_end = [&] {
      const std::lock_guard lock(mutex_);
      return accepted_.back().get();
    }();
    const std::string bytes(100'000, 'x');
    std::thread reader([&] {
      std::string buffer(bytes.size(), ' ');
      ssize_t received = 1;
      while (received > 0) {
        pollfd watched = {.fd = server_end, .events = POLLIN, .revents = 0};
        poll(&watched, 1, -1);
        received = read(server_end, buffer.data(), buffer.size());
      }
    });
    while (send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0) {
    }
    reader.join();
  }
  // As its owner does it, without a word to the acceptor.
  void CloseFirst() {
    const std::lock_guard lock(mutex_);
    accepted_.erase(accepted_.begin());
  }

  std::mutex mutex_;
  std::vector<Descriptor> accepted_;
  // What gRPC would tell of any connection, and of whom it was asked last.
  std::optional<CallCounts> counts_;
  std::string asked_;
  std::unique_ptr<ConnectionAcceptor> acceptor_;
};

TEST_F(ConnectionAcceptorTest, RefusesTheThirdOfAPeerUntilOneIsClosed) {
  ConnectionAcceptor& acceptor = Start({.max_connections = 10, .max_per_peer = 2});
  const Descriptor first = Open();
  const Descriptor second = Open();
  ASSERT_TRUE(Accepts(2));

  const Descriptor third = Open();
  EXPECT_TRUE(IsEnded(third));
  EXPECT_EQ(CountOf(kTooManyOfPeer), 1u);
  const Descriptor others = Open("127.0.0.2");
  EXPECT_TRUE(Accepts(3)) << "others have their own";
  EXPECT_EQ(acceptor.totals().open, 3u);

  CloseFirst();
  EXPECT_TRUE(IsEnded(first));
  EXPECT_EQ(acceptor.totals().open, 2u);
  const Descriptor fourth = Open();
  EXPECT_TRUE(Accepts(4));
}

TEST_F(ConnectionAcceptorTest, CapsAllOfThem) {
  ConnectionAcceptor& acceptor = Start({.max_connections = 2, .max_per_peer = 0});
  const Descriptor first = Open("127.0.0.1");
  const Descriptor second = Open("127.0.0.2");
  ASSERT_TRUE(Accepts(2));
  EXPECT_TRUE(IsEnded(Open("127.0.0.3")));
  EXPECT_EQ(CountOf(kTooMany), 1u);

  acceptor.Reconfigure({.max_connections = 3, .max_per_peer = 0});
  const Descriptor third = Open("127.0.0.3");
  EXPECT_TRUE(Accepts(3));
}

TEST_F(ConnectionAcceptorTest, UnixSocketsHaveNoLimitOfTheirOwn) {
  const TempDir dir;
  const std::string path = dir.path() + "/s";
  ConnectionAcceptor& acceptor = Start({.max_connections = 10,
                                        .max_per_peer = 1,
                                        .rate_per_peer = {.per_second = 1, .burst = 1}},
                                       "unix:" + path);

  std::vector<Descriptor> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(Connect(UnixAddress(path)));

  EXPECT_TRUE(Accepts(5));
  EXPECT_EQ(acceptor.totals().open, 5u);
}

TEST_F(ConnectionAcceptorTest, BoundsHowFastAPeerConnects) {
  Start({.rate_per_peer = {.per_second = 1, .burst = 3}});
  std::vector<Descriptor> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(Open());

  EXPECT_TRUE(WaitFor("most are refused", [&] { return CountOf(kTooFastOfPeer) > 10; }));
  EXPECT_GE(CountOf(kAccept), 3u);
}

TEST_F(ConnectionAcceptorTest, StopsAndLeavesThoseItHasAccepted) {
  ConnectionAcceptor& acceptor = Start({});
  const int port = acceptor.port();
  const Descriptor client = Open();
  ASSERT_TRUE(Accepts(1));

  acceptor.Stop();

  EXPECT_FALSE(Connect(LocalAddress(port)).is_open());
  const std::lock_guard lock(mutex_);
  ASSERT_EQ(write(accepted_.front().get(), "x", 1), 1);
  char byte = 0;
  EXPECT_EQ(read(client.get(), &byte, 1), 1);
}

TEST_F(ConnectionAcceptorTest, ServesOnAfterTheSystemHadNoDescriptorLeft) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "UBSan opens pipes to look at memory, and takes what it cannot look at "
                  "for no object";
#endif
  ConnectionAcceptor& acceptor = Start({});
  // Clients first: they share the process's descriptors.
  std::vector<Descriptor> clients;
  for (int i = 0; i < 20; ++i) {
    clients.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  }
  rlimit usual{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &usual), 0);
  // Room for five more: the next descriptor would have this number.
  const Descriptor next(dup(clients.back().get()));
  rlimit tight = usual;
  tight.rlim_cur = static_cast<rlim_t>(next.get()) + 6;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);

  const sockaddr_in address = LocalAddress(acceptor.port());
  for (const Descriptor& client : clients) {
    ASSERT_EQ(connect(client.get(), reinterpret_cast<const sockaddr*>(&address),
                      sizeof(address)),
              0);
  }
  EXPECT_TRUE(WaitFor("those without room are told",
                      [&] { return CountOf(kNoDescriptor) + CountOf(kAccept) >= 20; }));
  EXPECT_GE(CountOf(kNoDescriptor), 10u);

  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &usual), 0);
  const uint64_t accepted = CountOf(kAccept);
  const Descriptor late = Open();
  EXPECT_TRUE(Accepts(accepted + 1));
}

TEST_F(ConnectionAcceptorTest, CutsTheOneThatSendsMostWhenMemoryIsShort) {
  ConnectionAcceptor& acceptor = Start({});
  const Descriptor quiet = Open();
  ASSERT_TRUE(HandsOver(1));
  const Descriptor loud = Open();
  ASSERT_TRUE(HandsOver(2));
  acceptor.Reconfigure({.max_process_bytes = 1});  // There is always more.

  SendUntilCut(loud);

  EXPECT_TRUE(WaitFor("it is counted", [&] { return CutsFor(CutReason::kMemory) == 1; }));
  const std::lock_guard lock(mutex_);
  ASSERT_EQ(send(accepted_.front().get(), "x", 1, 0), 1);
  char byte = 0;
  EXPECT_EQ(read(quiet.get(), &byte, 1), 1) << "the quiet one stays";
}

TEST_F(ConnectionAcceptorTest, CutsTheOneThatSendsWhatNoCallNeedsAndHasItsPeerWait) {
  Start({.waste = {.max_bytes_without_message = 1 << 30},
         .pause_after_cut = absl::Hours(1)});
  counts_ = CallCounts{.begun = 1};
  const Descriptor client = Open();
  ASSERT_TRUE(HandsOver(1));
  sockaddr_in own{};
  socklen_t length = sizeof(own);
  ASSERT_EQ(getsockname(client.get(), reinterpret_cast<sockaddr*>(&own), &length), 0);

  SendUntilCut(client);

  EXPECT_TRUE(WaitFor("it is counted",
                      [&] { return CutsFor(CutReason::kBytesWithoutMessage) == 1; }));
  EXPECT_EQ(asked_, absl::StrCat("ipv4:127.0.0.1:", ntohs(own.sin_port)));
  EXPECT_TRUE(IsEnded(Open()));
  EXPECT_EQ(CountOf(kPausedPeer), 1u);
  const Descriptor others = Open("127.0.0.2");
  EXPECT_TRUE(HandsOver(2));
}

TEST_F(ConnectionAcceptorTest, CutsTheOneWhoseCallsAreAbandoned) {
  Start({.waste = {.abandoned_per_second = 10}});
  counts_ = CallCounts{.begun = 100'000, .abandoned = 100'000};
  const Descriptor client = Open();
  ASSERT_TRUE(HandsOver(1));

  SendUntilCut(client);

  EXPECT_TRUE(
      WaitFor("it is counted", [&] { return CutsFor(CutReason::kAbandonedCalls) == 1; }));
  const Descriptor next = Open();
  EXPECT_TRUE(HandsOver(2)) << "nobody has to wait unless it is set";
}

TEST_F(ConnectionAcceptorTest, LeavesAloneWhomGrpcDoesNotKnow) {
  Start({.waste = {.abandoned_per_second = 1, .max_bytes_without_message = 1}});
  const Descriptor client = Open();
  ASSERT_TRUE(HandsOver(1));
  const std::string bytes(100'000, 'x');
  ASSERT_GT(send(client.get(), bytes.data(), bytes.size(), 0), 16 << 10);

  EXPECT_TRUE(WaitFor("gRPC is asked", [&] {
    const std::lock_guard lock(mutex_);
    return !asked_.empty();
  }));
  {
    const std::lock_guard lock(mutex_);
    ASSERT_EQ(send(accepted_.front().get(), "x", 1, 0), 1);
  }
  char byte = 0;
  EXPECT_EQ(read(client.get(), &byte, 1), 1);
  EXPECT_EQ(CutsFor(CutReason::kBytesWithoutMessage), 0u);
}

TEST_F(ConnectionAcceptorTest, CountsRightUnderManyThatComeAndGo) {
  ConnectionAcceptor& acceptor = Start({.max_connections = 50, .max_per_peer = 50});
  std::atomic<bool> is_over = false;
  std::thread owner([&] {  // Closes them as they come.
    while (!is_over) {
      const std::lock_guard lock(mutex_);
      accepted_.clear();
    }
  });
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      for (int j = 0; j < 300; ++j) EXPECT_TRUE(IsEnded(Open()));
    });
  }
  for (std::thread& caller : callers) caller.join();
  is_over = true;
  owner.join();

  const ConnectionTotals totals = acceptor.totals();
  uint64_t judged = 0;
  for (uint64_t count : totals.verdicts) judged += count;
  EXPECT_EQ(judged, 1200u);
  EXPECT_EQ(totals.open, accepted_.size());
}

}  // namespace
}  // namespace pgsluice::testing
