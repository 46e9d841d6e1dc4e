#include "pool/outlier_detector.h"

#include <random>

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1000);
absl::Time At(double seconds) { return kStart + absl::Seconds(seconds); }

constexpr Trouble kRefused = {.kind = Trouble::Kind::kConnectFailed};
constexpr Trouble Lost(size_t in_a_row) {
  return {.kind = Trouble::Kind::kSessionLost, .in_a_row = in_a_row};
}

class OutlierDetectorTest : public testing::Test {
 protected:
  OutlierDetectorTest() { Follow({"a", "b"}); }
  void Follow(const std::vector<std::string>& usable,
              const std::vector<std::string>& unusable = {}) {
    std::vector<Peer> replicas;
    for (const std::string& name : usable) replicas.push_back({name, true});
    for (const std::string& name : unusable) replicas.push_back({name, false});
    detector_.Follow(std::move(replicas));
  }
  bool IsEjected(const std::string& name) const {
    return detector_.EjectionOf(name).has_value();
  }
  bool Answers(const std::string& name, double begun, double at) {
    return detector_.OnAnswer(name, true, At(begun), At(at));
  }

  OutlierDetector detector_{EjectionOptions{}};
};

TEST_F(OutlierDetectorTest, EjectsAtOnceWhoRefusesSessions) {
  EXPECT_TRUE(detector_.OnTrouble("a", kRefused, At(0)));

  ASSERT_TRUE(IsEjected("a"));
  EXPECT_EQ(detector_.EjectionOf("a")->why, Trouble::Kind::kConnectFailed);
  EXPECT_EQ(detector_.EjectionOf("a")->since, At(0));
  EXPECT_FALSE(detector_.OnTrouble("a", kRefused, At(0.1))) << "it is already";
  EXPECT_EQ(detector_.counts()[0], 1u);
}

TEST_F(OutlierDetectorTest, EjectsWhoseSessionsBreakInARow) {
  EXPECT_FALSE(detector_.OnTrouble("a", Lost(1), At(0)));
  EXPECT_FALSE(detector_.OnTrouble("a", Lost(4), At(0)));
  EXPECT_TRUE(detector_.OnTrouble("a", Lost(5), At(0)));
  EXPECT_EQ(detector_.counts()[1], 1u);
}

TEST_F(OutlierDetectorTest, NeverEjectsTheLastOne) {
  EXPECT_TRUE(detector_.OnTrouble("a", kRefused, At(0)));
  EXPECT_FALSE(detector_.OnTrouble("b", kRefused, At(0)));
  EXPECT_FALSE(IsEjected("b"));

  Follow({"b"}, {"a"});
  EXPECT_FALSE(detector_.OnTrouble("b", kRefused, At(1))) << "the other is not usable";
}

TEST_F(OutlierDetectorTest, BringsAllBackWhenTheLastOneIsLost) {
  ASSERT_TRUE(detector_.OnTrouble("a", kRefused, At(0)));

  Follow({"a"}, {"b"});

  EXPECT_FALSE(IsEjected("a"));
}

TEST_F(OutlierDetectorTest, ForgetsWhoIsUnusableForOtherReasons) {
  Follow({"a", "b", "c"});
  ASSERT_TRUE(detector_.OnTrouble("a", kRefused, At(0)));

  Follow({"b", "c"}, {"a"});

  EXPECT_FALSE(IsEjected("a")) << "probes decide on it now";
}

TEST_F(OutlierDetectorTest, OnlyAProbeOnANewSessionBringsOneBack) {
  ASSERT_TRUE(detector_.OnTrouble("a", kRefused, At(0)));

  EXPECT_FALSE(detector_.OnAnswer("a", false, At(5), At(5))) << "an old session";
  EXPECT_FALSE(Answers("a", -1, 5)) << "begun before";
  EXPECT_FALSE(Answers("a", 0.5, 0.6)) << "before its time";
  EXPECT_TRUE(IsEjected("a"));
  EXPECT_TRUE(Answers("a", 0.9, 1));
  EXPECT_FALSE(IsEjected("a"));
  EXPECT_FALSE(Answers("b", 1, 1)) << "it was not ejected";
}

TEST_F(OutlierDetectorTest, EachTimeSoonAfterTakesTwiceAsLong) {
  double now = 0;
  for (const double length : {1, 2, 4, 8, 16, 16}) {
    ASSERT_TRUE(detector_.OnTrouble("a", kRefused, At(now)));
    EXPECT_EQ(detector_.EjectionOf("a")->until - At(now), absl::Seconds(length));
    now += length;
    ASSERT_TRUE(Answers("a", now, now));
  }
  now += 60;
  ASSERT_TRUE(detector_.OnTrouble("a", kRefused, At(now)));
  EXPECT_EQ(detector_.EjectionOf("a")->until - At(now), absl::Seconds(1)) << "forgiven";
}

TEST_F(OutlierDetectorTest, KnowsNobodyButReplicas) {
  EXPECT_FALSE(detector_.OnTrouble("primary", kRefused, At(0)));
}

TEST_F(OutlierDetectorTest, CanBeTurnedOff) {
  detector_.Reconfigure({.failures = 0});
  EXPECT_FALSE(detector_.OnTrouble("a", Lost(100), At(0)));
  EXPECT_TRUE(detector_.OnTrouble("a", kRefused, At(0)));

  OutlierDetector off{EjectionOptions{.time = absl::ZeroDuration()}};
  off.Follow({{"a", true}, {"b", true}});
  EXPECT_FALSE(off.OnTrouble("a", kRefused, At(0)));
}

// Whatever happens: while any replica is usable, one of them serves.
TEST_F(OutlierDetectorTest, LeavesOneOnARandomWalk) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const std::vector<std::string> names = {"a", "b", "c", "d"};
  std::vector<Peer> replicas;
  double now = 0;
  for (int step = 0; step < 20000; ++step) {
    now += 0.1;
    const std::string& name = names[random() % names.size()];
    switch (random() % 4) {
      case 0: {
        replicas.clear();
        for (const std::string& one : names) replicas.push_back({one, random() % 3 != 0});
        detector_.Follow(replicas);
        break;
      }
      case 1: detector_.OnTrouble(name, kRefused, At(now)); break;
      case 2: detector_.OnTrouble(name, Lost(random() % 8), At(now)); break;
      case 3: detector_.OnAnswer(name, random() % 2 == 0, At(now - 0.05), At(now)); break;
    }
    size_t usable = 0;
    size_t serving = 0;
    for (const Peer& peer : replicas) {
      if (!peer.is_usable) continue;
      ++usable;
      if (!IsEjected(peer.name)) ++serving;
    }
    ASSERT_TRUE(usable == 0 || serving > 0) << "step " << step;
  }
}

}  // namespace
}  // namespace pgsluice
