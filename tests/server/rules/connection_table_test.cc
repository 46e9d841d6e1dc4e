#include "server/connection_table.h"

#include <map>
#include <random>
#include <set>
#include <string>

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using enum ConnectionVerdict;

const absl::Time kStart = absl::FromUnixSeconds(1000);
constexpr char kUnixSocket[] = "";

class ConnectionTableTest : public ::testing::Test {
 protected:
  // As the acceptor does it.
  ConnectionVerdict Open(ConnectionTable& table, const std::string& peer,
                         absl::Time now = kStart) {
    const ConnectionVerdict verdict = table.Judge(peer, now);
    if (verdict == kAccept) table.Add(next_descriptor_++, ++inode_, peer);
    return verdict;
  }

  int next_descriptor_ = 10;
  uint64_t inode_ = 100;
};

TEST_F(ConnectionTableTest, CapsPeersAndAllOfThem) {
  struct Step {
    std::string peer;
    ConnectionVerdict verdict;
  };
  ConnectionTable table({.max_connections = 5, .max_per_peer = 2});
  for (const Step& step : {
           Step{"192.0.2.1", kAccept},
           Step{"192.0.2.1", kAccept},
           Step{"192.0.2.1", kTooManyOfPeer},
           Step{"192.0.2.2", kAccept},
           Step{kUnixSocket, kAccept},
           Step{kUnixSocket, kAccept},
           Step{kUnixSocket, kTooMany},
           Step{"192.0.2.3", kTooMany},
           Step{"192.0.2.1", kTooMany},
       }) {
    EXPECT_EQ(Open(table, step.peer), step.verdict) << step.peer;
  }
  EXPECT_EQ(table.size(), 5u);
  EXPECT_EQ(table.CountOf("192.0.2.1"), 2u);
  EXPECT_EQ(table.CountOf("192.0.2.3"), 0u);
}

TEST_F(ConnectionTableTest, SaysWhenALookForClosedOnesMayHelp) {
  ConnectionTable table({.max_connections = 3, .max_per_peer = 1});
  EXPECT_FALSE(table.IsFull("a"));
  Open(table, "a");
  EXPECT_TRUE(table.IsFull("a"));
  EXPECT_FALSE(table.IsFull("b"));
  EXPECT_FALSE(table.IsFull(kUnixSocket));
  Open(table, "b");
  Open(table, kUnixSocket);
  EXPECT_TRUE(table.IsFull(kUnixSocket));
  EXPECT_TRUE(table.IsFull("c"));
}

TEST_F(ConnectionTableTest, HasNoLimitsAtZero) {
  ConnectionTable table({});
  for (int i = 0; i < 5000; ++i) EXPECT_EQ(Open(table, "a"), kAccept);
  EXPECT_FALSE(table.IsFull("a"));
}

TEST_F(ConnectionTableTest, BoundsHowFastAPeerOpensThem) {
  ConnectionTable table({.rate_per_peer = {.per_second = 1, .burst = 2}});

  EXPECT_EQ(Open(table, "a"), kAccept);
  EXPECT_EQ(Open(table, "a"), kAccept);
  EXPECT_EQ(Open(table, "a"), kTooFastOfPeer);
  EXPECT_EQ(Open(table, "b"), kAccept);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Open(table, kUnixSocket), kAccept);
  EXPECT_EQ(Open(table, "a", kStart + absl::Seconds(1)), kAccept);
  EXPECT_EQ(Open(table, "a", kStart + absl::Seconds(1)), kTooFastOfPeer);
}

TEST_F(ConnectionTableTest, TakesNewLimits) {
  ConnectionTable table({.max_per_peer = 1});
  ASSERT_EQ(Open(table, "a"), kAccept);
  ASSERT_EQ(Open(table, "a"), kTooManyOfPeer);

  table.set_limits({.max_per_peer = 2});
  EXPECT_EQ(Open(table, "a"), kAccept);

  table.set_limits({.max_per_peer = 1});
  EXPECT_EQ(Open(table, "a"), kTooManyOfPeer);
  EXPECT_EQ(table.size(), 2u) << "those there are stay";
}

TEST_F(ConnectionTableTest, ForgetsThoseWhoseDescriptorIsClosedOrAnothers) {
  ConnectionTable table({});
  table.Add(10, 100, "a");
  table.Add(11, 101, "a");
  table.Add(12, 102, "b");

  table.Sweep([](int descriptor, uint64_t inode) {
    if (descriptor == 10) return false;          // Closed.
    if (descriptor == 12) return inode == 7777;  // Another file has it now.
    return true;
  });

  EXPECT_EQ(table.size(), 1u);
  EXPECT_EQ(table.CountOf("a"), 1u);
  EXPECT_EQ(table.CountOf("b"), 0u);
}

TEST_F(ConnectionTableTest, ADescriptorThatComesAgainEndsTheConnectionThatHadIt) {
  ConnectionTable table({});
  table.Add(10, 100, "a");
  table.Add(10, 101, "b");

  EXPECT_EQ(table.size(), 1u);
  EXPECT_EQ(table.CountOf("a"), 0u);
  EXPECT_EQ(table.CountOf("b"), 1u);
  table.Add(10, 102, "b");
  EXPECT_EQ(table.CountOf("b"), 1u);
}

TEST_F(ConnectionTableTest, APeerWaitsForAWhileAfterOneOfItsOwnWasCut) {
  ConnectionTable table({.pause_after_cut = absl::Seconds(10)});
  table.Pause("a", kStart);
  table.Pause(kUnixSocket, kStart);

  struct Step {
    int second;
    std::string peer;
    ConnectionVerdict verdict;
  };
  for (const Step& step : {
           Step{0, "a", kPausedPeer},
           Step{0, "b", kAccept},
           Step{0, kUnixSocket, kAccept},
           Step{9, "a", kPausedPeer},
           Step{10, "a", kAccept},
       }) {
    EXPECT_EQ(Open(table, step.peer, kStart + absl::Seconds(step.second)), step.verdict)
        << step.second << step.peer;
  }
  table.Pause("a", kStart + absl::Seconds(20));
  EXPECT_EQ(Open(table, "a", kStart + absl::Seconds(29)), kPausedPeer);
  table.set_limits({});
  EXPECT_EQ(Open(table, "a", kStart + absl::Seconds(29)), kAccept);
  table.Pause("a", kStart + absl::Seconds(30));
  EXPECT_EQ(Open(table, "a", kStart + absl::Seconds(30)), kAccept);
}

TEST_F(ConnectionTableTest, CountsRightWhateverComesAndGoes) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  ConnectionTable table({.max_connections = 40, .max_per_peer = 12});
  std::map<int, std::pair<uint64_t, std::string>> open;  // The truth, by descriptor.
  for (int step = 0; step < 5000; ++step) {
    const std::string peer(1, static_cast<char>('a' + random() % 6));
    if (random() % 2 == 0 && !open.empty()) {
      open.erase(std::next(open.begin(), static_cast<int>(random() % open.size())));
      continue;
    }
    table.Sweep([&](int descriptor, uint64_t inode) {
      const auto found = open.find(descriptor);
      return found != open.end() && found->second.first == inode;
    });
    ASSERT_EQ(table.size(), open.size());
    size_t of_peer = 0;
    for (const auto& [descriptor, connection] : open) {
      if (connection.second == peer) ++of_peer;
    }
    ASSERT_EQ(table.CountOf(peer), of_peer);
    const ConnectionVerdict expected = open.size() >= 40 ? kTooMany
                                       : of_peer >= 12   ? kTooManyOfPeer
                                                         : kAccept;
    ASSERT_EQ(table.Judge(peer, kStart), expected);
    if (expected != kAccept) continue;
    int descriptor = 0;  // The lowest that is free, as the system gives it.
    while (open.contains(descriptor)) ++descriptor;
    table.Add(descriptor, ++inode_, peer);
    open[descriptor] = {inode_, peer};
  }
}

}  // namespace
}  // namespace pgsluice
