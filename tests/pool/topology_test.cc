#include "pool/topology.h"

#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Latest = std::vector<std::optional<ProbeResult>>;

constexpr absl::Duration kProbeTimeout = absl::Seconds(2);
const absl::Time kNow = absl::FromUnixSeconds(1000);

ProbeResult Writable(uint32_t timeline, absl::Time at = kNow) {
  ProbeResult result;
  result.ok = true;
  result.system_identifier = "ours";
  result.timeline = timeline;
  result.begun = result.at = at;
  return result;
}

ProbeResult InRecovery(absl::Time at = kNow) {
  ProbeResult result = Writable(1, at);
  result.in_recovery = true;
  return result;
}

ProbeResult Failed(std::string error = "connection refused") {
  ProbeResult result;
  result.error = std::move(error);
  result.at = kNow;
  return result;
}

class TopologyTest : public testing::Test {
 protected:
  TopologyTest() { Start(2); }

  void Start(size_t endpoints) {
    topology_ = Topology{};
    for (size_t i = 0; i < endpoints; ++i) {
      topology_.endpoints.emplace_back();
      topology_.endpoints.back().name = std::string(1, static_cast<char>('a' + i));
    }
  }
  void Probe(const Latest& latest, absl::Time now = kNow) {
    topology_ = NextTopology(topology_, latest, {.probe_timeout = kProbeTimeout}, now);
  }
  Role role(size_t i) const { return topology_.endpoints[i].role; }
  bool is_reachable(size_t i) const { return topology_.endpoints[i].is_reachable; }

  Topology topology_;
};

TEST_F(TopologyTest, FindsPrimaryAndReplica) {
  Probe({Writable(1), InRecovery()});

  EXPECT_EQ(topology_.primary, 0u);
  EXPECT_EQ(role(0), Role::kPrimary);
  EXPECT_EQ(role(1), Role::kReplica);
  EXPECT_TRUE(is_reachable(0));
  EXPECT_TRUE(is_reachable(1));
  EXPECT_EQ(topology_.primary_problem, "");
}

TEST_F(TopologyTest, KnowsNothingBeforeTheFirstAnswer) {
  Probe({std::nullopt, std::nullopt});

  EXPECT_EQ(topology_.primary, std::nullopt);
  EXPECT_EQ(role(0), Role::kUnknown);
  EXPECT_FALSE(topology_.primary_problem.empty());
  EXPECT_EQ(topology_.generation, 0u);
}

ProbeResult BySuperuser(ProbeResult result) {
  result.login = {.name = "root", .is_superuser = true};
  return result;
}

TEST_F(TopologyTest, DoesNotUseAPrivilegedLoginUntilItIsMended) {
  Probe({BySuperuser(Writable(1)), InRecovery()});
  EXPECT_EQ(topology_.primary, std::nullopt);
  EXPECT_EQ(role(0), Role::kUnknown);
  EXPECT_EQ(role(1), Role::kReplica) << "its login is another one";
  EXPECT_THAT(topology_.endpoints[0].problem, HasSubstr("root is a superuser"));
  EXPECT_THAT(topology_.primary_problem, HasSubstr("a is not used: its user root"));

  Probe({Writable(1, kNow + absl::Milliseconds(100)), InRecovery()});
  EXPECT_EQ(topology_.primary, 0u);
  EXPECT_EQ(topology_.endpoints[0].problem, "");

  Probe({BySuperuser(Writable(1)), BySuperuser(InRecovery())});
  EXPECT_EQ(topology_.primary, std::nullopt);
  EXPECT_EQ(role(1), Role::kUnknown);
}

TEST_F(TopologyTest, UsesAPrivilegedLoginThatIsAllowed) {
  topology_ = NextTopology(
      topology_, {BySuperuser(Writable(1)), InRecovery()},
      {.probe_timeout = kProbeTimeout, .privileged_login = PrivilegedLogin::kAllowed},
      kNow);

  EXPECT_EQ(topology_.primary, 0u);
}

// It is the primary all the same: another one that accepts writes is a stale one.
TEST_F(TopologyTest, APrimaryWithAPrivilegedLoginMakesNoRoomForAStaleOne) {
  Probe({BySuperuser(Writable(2)), Writable(1)});
  EXPECT_EQ(topology_.primary, std::nullopt);

  Probe({BySuperuser(Writable(2)), Writable(2)});
  EXPECT_EQ(topology_.primary, std::nullopt);
  EXPECT_TRUE(topology_.is_contested);
}

// A stale primary may be the first to answer.
TEST_F(TopologyTest, ChoosesTheFirstPrimaryWhenAllHaveAnsweredOrHadTheTime) {
  Probe({Writable(1), std::nullopt});
  EXPECT_EQ(topology_.primary, std::nullopt);
  EXPECT_THAT(topology_.primary_problem, HasSubstr("b has not been probed"));
  EXPECT_EQ(topology_.outage_since, std::nullopt) << "there was none to lose";

  Probe({Writable(1, kNow + kProbeTimeout), std::nullopt}, kNow + kProbeTimeout);
  EXPECT_EQ(topology_.primary, 0u);
}

TEST_F(TopologyTest, LearnsOfTimelinesFromWhatReplicasReceive) {
  ProbeResult replica = InRecovery();
  replica.received_timeline = 2;
  Probe({Writable(1), replica});

  EXPECT_EQ(topology_.primary, std::nullopt);
  EXPECT_THAT(topology_.primary_problem, HasSubstr("timeline 2"));
}

TEST_F(TopologyTest, MeasuresHowLongThereIsNoPrimary) {
  Probe({Writable(1), InRecovery()});
  ASSERT_TRUE(topology_.HasUsablePrimary());

  Probe({Failed(), InRecovery()}, kNow + absl::Milliseconds(100));
  EXPECT_EQ(topology_.outage_since, kNow + absl::Milliseconds(100));
  EXPECT_EQ(topology_.counters.outages, 1u);
  Probe({Failed(), Writable(2)}, kNow + absl::Milliseconds(400));

  EXPECT_EQ(topology_.outage_since, std::nullopt);
  EXPECT_EQ(topology_.counters.last_outage, absl::Milliseconds(300));
  EXPECT_EQ(topology_.counters.failovers, 1u);
  EXPECT_EQ(topology_.last_primary, "b");
}

TEST_F(TopologyTest, AReplicaThatIsNotAskedForItsReceiverFollowsByLsn) {
  ProbeResult primary = Writable(2);
  primary.lsn_value = 1000;
  ProbeResult replica = InRecovery();  // The control file's timeline is 1 still.
  replica.lsn_value = 1000;
  replica.is_receiving = true;
  Probe({primary, replica});
  EXPECT_EQ(topology_.endpoints[1].lag.time, absl::ZeroDuration());

  replica.is_receiving = false;
  Probe({primary, replica}, kNow + absl::Seconds(1));
  EXPECT_EQ(topology_.endpoints[1].lag.time, absl::Seconds(1)) << "it does not follow";
}

TEST_F(TopologyTest, SaysWhyThereIsNoPrimary) {
  Probe({Failed("connection refused"), InRecovery()});

  EXPECT_EQ(topology_.primary, std::nullopt);
  EXPECT_THAT(topology_.primary_problem,
              AllOf(HasSubstr("a"), HasSubstr("connection refused")));
}

TEST_F(TopologyTest, KeepsTheRoleOfAnEndpointThatFails) {
  Probe({Writable(1), InRecovery()});

  Probe({Failed(), Failed()});

  EXPECT_EQ(topology_.primary, 0u);
  EXPECT_EQ(role(0), Role::kPrimary);
  EXPECT_EQ(role(1), Role::kReplica);
  EXPECT_FALSE(is_reachable(0));
  EXPECT_FALSE(is_reachable(1));
  EXPECT_TRUE(topology_.endpoints[0].last_ok.has_value());
  EXPECT_FALSE(topology_.endpoints[0].last->ok);
}

TEST_F(TopologyTest, TakesAnOldAnswerForNone) {
  const Latest latest = {Writable(1), InRecovery()};
  Probe(latest);

  Probe(latest, kNow + kProbeTimeout);
  EXPECT_TRUE(is_reachable(0));

  Probe(latest, kNow + 3 * kProbeTimeout);
  EXPECT_FALSE(is_reachable(0));
  EXPECT_EQ(role(0), Role::kPrimary);
}

TEST_F(TopologyTest, FollowsASwitchover) {
  Probe({Writable(1), InRecovery()});

  Probe({InRecovery(), Writable(2)});

  EXPECT_EQ(topology_.primary, 1u);
  EXPECT_EQ(role(0), Role::kReplica);
  EXPECT_EQ(topology_.highest_timeline, 2u);
}

TEST_F(TopologyTest, DropsADeadPrimaryOnceAnotherTakesOver) {
  Probe({Writable(1), InRecovery()});
  Probe({Failed(), InRecovery()});
  EXPECT_EQ(topology_.primary, 0u);

  Probe({Failed(), Writable(2)});

  EXPECT_EQ(topology_.primary, 1u);
  EXPECT_EQ(role(0), Role::kUnknown);
}

// Invariant 10: an old primary that comes back must not get writes.
TEST_F(TopologyTest, RefusesAnOldPrimaryThatComesBack) {
  Probe({Writable(1), InRecovery()});
  Probe({Failed(), Writable(2)});

  Probe({Writable(1), Writable(2)});

  EXPECT_EQ(topology_.primary, 1u);
  EXPECT_EQ(role(0), Role::kUnknown);
  EXPECT_THAT(topology_.endpoints[0].problem,
              AllOf(HasSubstr("timeline 1"), HasSubstr("timeline 2")));
}

TEST_F(TopologyTest, RefusesAnOldPrimaryEvenWhenTheNewOneCannotBeReached) {
  Probe({Failed(), Writable(2)});

  Probe({Writable(1), Failed()});

  EXPECT_EQ(role(0), Role::kUnknown);
  EXPECT_EQ(role(1), Role::kPrimary) << "no other endpoint took the role over";
  EXPECT_EQ(topology_.primary, 1u);
}

TEST_F(TopologyTest, RemembersTheHighestTimelineWithoutAPrimary) {
  Probe({InRecovery(), Writable(2)});
  Probe({InRecovery(), InRecovery()});
  EXPECT_EQ(topology_.primary, std::nullopt);

  Probe({Writable(1), InRecovery()});

  EXPECT_EQ(topology_.primary, std::nullopt);
  EXPECT_THAT(topology_.primary_problem, HasSubstr("timeline 2"));
}

TEST_F(TopologyTest, PrefersTheHigherTimelineInEitherOrder) {
  Probe({Writable(3), Writable(2)});
  EXPECT_EQ(topology_.primary, 0u);

  Start(2);
  Probe({Writable(2), Writable(3)});
  EXPECT_EQ(topology_.primary, 1u);
}

TEST_F(TopologyTest, RefusesToChooseBetweenTwoOfTheSameTimeline) {
  Probe({Writable(1), Writable(1)});

  EXPECT_EQ(topology_.primary, std::nullopt);
  EXPECT_EQ(role(0), Role::kUnknown);
  EXPECT_EQ(role(1), Role::kUnknown);
  EXPECT_THAT(topology_.primary_problem,
              AllOf(HasSubstr("a"), HasSubstr("b"), HasSubstr("timeline 1")));
}

TEST_F(TopologyTest, ChoosesAgainOnceTheContestEnds) {
  Probe({Writable(1), Writable(1)});

  Probe({Writable(1), InRecovery()});

  EXPECT_EQ(topology_.primary, 0u);
  EXPECT_EQ(topology_.primary_problem, "");
}

TEST_F(TopologyTest, SettlesAContestForTheLostPrimaryByNoneAtAll) {
  Start(3);
  Probe({Writable(1), InRecovery(), InRecovery()});

  Probe({Failed(), Writable(2), Writable(2)});

  EXPECT_EQ(topology_.primary, std::nullopt);
  EXPECT_EQ(role(0), Role::kUnknown);
}

TEST_F(TopologyTest, RefusesAnEndpointOfAnotherCluster) {
  Probe({Writable(1), InRecovery()});
  ProbeResult stranger = Writable(9);
  stranger.system_identifier = "theirs";

  Probe({Writable(1), stranger});

  EXPECT_EQ(topology_.primary, 0u);
  EXPECT_EQ(role(1), Role::kUnknown);
  EXPECT_THAT(topology_.endpoints[1].problem,
              AllOf(HasSubstr("theirs"), HasSubstr("ours")));
  EXPECT_EQ(topology_.highest_timeline, 1u) << "another cluster's timeline says nothing";
}

TEST_F(TopologyTest, RaisesTheGenerationOnlyWhenARoleChanges) {
  Probe({Writable(1), InRecovery()});
  const uint64_t generation = topology_.generation;
  EXPECT_GT(generation, 0u);

  Probe({Writable(1), InRecovery()});
  Probe({Failed(), Failed()});
  EXPECT_EQ(topology_.generation, generation);

  Probe({InRecovery(), Writable(2)});
  EXPECT_EQ(topology_.generation, generation + 1);
}

TEST_F(TopologyTest, ComparesRoles) {
  Probe({Writable(1), InRecovery()});
  const Topology before = topology_;

  Probe({Failed(), InRecovery()});
  EXPECT_TRUE(SameRoles(before, topology_));

  Probe({InRecovery(), Writable(2)});
  EXPECT_FALSE(SameRoles(before, topology_));
}

// Whatever the answers: at most one primary, never on a timeline below one already used.
TEST_F(TopologyTest, NeverHasTwoPrimariesOnARandomWalk) {
  constexpr size_t kEndpoints = 3;
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  Start(kEndpoints);
  uint32_t highest = 0;

  for (int step = 0; step < 20000; ++step) {
    SCOPED_TRACE(testing::Message() << "step " << step);
    // A fresh start now and then, since timelines only rise.
    if (step % 50 == 0) {
      Start(kEndpoints);
      highest = 0;
    }
    const Topology before = topology_;
    Latest latest(kEndpoints);
    for (auto& result : latest) {
      switch (random() % 4) {
        case 0: result = Failed(); break;
        case 1: result = InRecovery(); break;
        case 2: result = Writable(1 + random() % 5); break;
        case 3: break;
      }
    }
    Probe(latest);

    std::vector<size_t> primaries;
    for (size_t i = 0; i < kEndpoints; ++i) {
      if (role(i) == Role::kPrimary) primaries.push_back(i);
    }
    ASSERT_LE(primaries.size(), 1u);
    ASSERT_EQ(topology_.primary.has_value(), !primaries.empty());
    ASSERT_EQ(topology_.primary_problem.empty(), !primaries.empty());
    ASSERT_EQ(topology_.generation > before.generation, !SameRoles(before, topology_));
    if (primaries.empty()) continue;
    ASSERT_EQ(*topology_.primary, primaries.front());
    const EndpointView& primary = topology_.endpoints[primaries.front()];
    ASSERT_GE(primary.last_ok->timeline, highest);
    ASSERT_FALSE(primary.last_ok->in_recovery);
    highest = primary.last_ok->timeline;
  }
}

}  // namespace
}  // namespace pgsluice
