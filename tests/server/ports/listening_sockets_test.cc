#include "server/listening_sockets.h"

#include <fcntl.h>
#include <filesystem>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/server/ports/client_socket.h"
#include "tests/testing/temp_dir.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<ListeningSockets> Open(const std::string& address) {
  return ListeningSockets::Open(address, absl::Seconds(20));
}

TEST(ListeningSocketsTest, TakesAFreePortAndKnowsIt) {
  const auto sockets = Open("127.0.0.1:0");

  ASSERT_TRUE(sockets.ok()) << sockets.status();
  ASSERT_GT(sockets->port(), 0);
  EXPECT_TRUE(Connect(LocalAddress(sockets->port())).is_open());
  EXPECT_FALSE(Connect(LocalAddress(sockets->port(), "127.0.0.2")).is_open())
      << "only where it was told to listen";
  for (const Descriptor& socket : sockets->sockets()) {
    EXPECT_NE(fcntl(socket.get(), F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_NE(fcntl(socket.get(), F_GETFL) & O_NONBLOCK, 0);
  }
}

TEST(ListeningSocketsTest, TheWildcardIsForBothFamilies) {
  const auto sockets = Open("0.0.0.0:0");

  ASSERT_TRUE(sockets.ok()) << sockets.status();
  EXPECT_TRUE(Connect(LocalAddress(sockets->port())).is_open());
  if (!Open("[::1]:0").ok()) GTEST_SKIP() << "no IPv6 here";
  EXPECT_TRUE(Connect(LocalAddress6(sockets->port())).is_open());
}

TEST(ListeningSocketsTest, ANameListensOnOnePortOfAllItsAddresses) {
  const auto sockets = Open("localhost:0");

  ASSERT_TRUE(sockets.ok()) << sockets.status();
  EXPECT_TRUE(Connect(LocalAddress(sockets->port())).is_open());
  if (sockets->sockets().size() > 1) {
    EXPECT_TRUE(Connect(LocalAddress6(sockets->port())).is_open());
  }
}

TEST(ListeningSocketsTest, SaysWhatIsWrong) {
  const auto first = Open("127.0.0.1:0");
  ASSERT_TRUE(first.ok()) << first.status();
  const std::string taken = absl::StrCat("127.0.0.1:", first->port());
  struct Case {
    std::string address, why;
  };
  for (const Case& c : {
           Case{taken, absl::StrCat("cannot listen on ", taken,
                                    ": the port is taken by another process")},
           Case{absl::StrCat("0.0.0.0:", first->port()), "taken by another process"},
           Case{"192.0.2.1:0", "cannot listen on 192.0.2.1:0"},
           Case{"unix:/no/such/folder/s", "cannot listen on unix:/no/such/folder/s"},
           Case{absl::StrCat("unix:/", std::string(200, 'a')), "too long"},
       }) {
    const auto sockets = Open(c.address);
    ASSERT_FALSE(sockets.ok()) << c.address;
    EXPECT_THAT(std::string(sockets.status().message()), HasSubstr(c.why));
  }
  EXPECT_EQ(Open(taken).status().code(), absl::StatusCode::kAlreadyExists);
}

TEST(ListeningSocketsTest, AUnixSocketIsTakenOverFromTheDeadAndFromNobodyElse) {
  const TempDir dir;
  const std::string path = dir.path() + "/s";
  {
    // Bound, and left behind.
    const Descriptor dead(socket(AF_UNIX, SOCK_STREAM, 0));
    const sockaddr_un address = UnixAddress(path);
    ASSERT_EQ(
        bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
        0);
  }

  {
    const auto sockets = Open("unix:" + path);
    ASSERT_TRUE(sockets.ok()) << sockets.status();
    EXPECT_TRUE(Connect(UnixAddress(path)).is_open());
    EXPECT_EQ(Open("unix:" + path).status().code(), absl::StatusCode::kAlreadyExists);
    EXPECT_TRUE(Connect(UnixAddress(path)).is_open());
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(ListeningSocketsTest, LeavesTheUnixSocketOfItsSuccessorAlone) {
  const TempDir dir;
  const std::string path = dir.path() + "/s";
  auto old = Open("unix:" + path);
  ASSERT_TRUE(old.ok()) << old.status();
  std::filesystem::rename(path, path + "-old");
  const auto successor = Open("unix:" + path);
  ASSERT_TRUE(successor.ok()) << successor.status();

  old->Close();

  EXPECT_TRUE(Connect(UnixAddress(path)).is_open());
}

}  // namespace
}  // namespace pgsluice::testing
