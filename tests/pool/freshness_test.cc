#include "pool/freshness.h"

#include <memory>

#include "gtest/gtest.h"

#include "pool/replay_pace.h"

namespace pgsluice {
namespace {

constexpr uint64_t kCluster = 7;
const absl::Time kNow = absl::FromUnixSeconds(1000);

constexpr char kHistory[] =
    "1\t0/64\tno recovery target specified\n\n2\t0/C8\tno recovery target specified\n";

// Timeline 3 came from 2 at 200, which came from 1 at 100.
Lineage Known() {
  const TimelineHistory history = ParseHistory(3, kHistory);
  return NextLineage({}, {3, 300}, &history, std::nullopt);
}

Topology With(Lineage lineage) {
  Topology topology;
  topology.system_identifier = std::to_string(kCluster);
  topology.lineage = std::move(lineage);
  return topology;
}

TokenStanding Judge(const WalPosition& position, const Lineage& lineage,
                    uint64_t cluster = kCluster) {
  return JudgeToken({cluster, position}, With(lineage));
}

TEST(LineageTest, ReadsAHistoryFile) {
  const TimelineHistory history = ParseHistory(3, kHistory);

  EXPECT_EQ(history.timeline, 3u);
  EXPECT_EQ(history.ends, (std::vector<TimelineEnd>{{1, 100, 100}, {2, 200, 200}}));
  EXPECT_TRUE(ParseHistory(1, "").ends.empty());
  EXPECT_TRUE(ParseHistory(2, "# a comment\nnonsense\n1 nonsense\n").ends.empty());
}

TEST(LineageTest, WithoutAFileWhatWasSeenOfThePromotionHolds) {
  const Lineage before{.timeline = 1, .ends = {}, .is_complete = true};

  const Lineage next = NextLineage(before, {2, 130}, nullptr, WalPosition{1, 90});

  EXPECT_EQ(next.timeline, 2u);
  EXPECT_TRUE(next.is_complete) << "timeline 1 has no ancestors";
  EXPECT_EQ(next.ends, (std::vector<TimelineEnd>{{1, 90, 130}}));
}

TEST(LineageTest, ASecondPromotionAddsToTheFirst) {
  Lineage lineage{.timeline = 1, .ends = {}, .is_complete = true};
  lineage = NextLineage(lineage, {2, 130}, nullptr, WalPosition{1, 90});
  lineage = NextLineage(lineage, {2, 180}, nullptr, std::nullopt);
  lineage = NextLineage(lineage, {3, 220}, nullptr, WalPosition{2, 190});

  EXPECT_EQ(lineage.ends, (std::vector<TimelineEnd>{{1, 90, 130}, {2, 190, 220}}));
}

TEST(LineageTest, AJumpOverATimelineTellsNothing) {
  const Lineage before{.timeline = 1, .ends = {}, .is_complete = true};

  const Lineage next = NextLineage(before, {3, 130}, nullptr, WalPosition{1, 90});

  EXPECT_TRUE(next.ends.empty());
  EXPECT_FALSE(next.is_complete);
  EXPECT_EQ(NextLineage(before, {2, 130}, nullptr, std::nullopt).is_complete, false)
      << "it was never seen as a replica";
}

TEST(LineageTest, TheFileOnceReadStaysKnown) {
  const Lineage known = Known();

  EXPECT_EQ(NextLineage(known, {3, 400}, nullptr, std::nullopt), known);
}

struct TokenCase {
  WalPosition position;
  TokenStanding standing;
  const char* why;
};

TEST(JudgeTokenTest, ByTheHistoryFile) {
  const TokenCase cases[] = {
      {{3, 250}, TokenStanding::kOurs, "the primary's own timeline"},
      {{3, 9999}, TokenStanding::kOurs, "newer than the last probe"},
      {{2, 200}, TokenStanding::kOurs, "up to the point where it was left"},
      {{2, 201}, TokenStanding::kLost, "behind it"},
      {{1, 100}, TokenStanding::kOurs, "two timelines ago"},
      {{1, 150}, TokenStanding::kLost, "though timeline 2 has come that far"},
      {{4, 10}, TokenStanding::kAhead, "a failover not seen yet"},
  };
  for (const TokenCase& one : cases) {
    EXPECT_EQ(Judge(one.position, Known()), one.standing) << one.why;
  }
}

TEST(JudgeTokenTest, ATimelineThatIsNoAncestorIsLost) {
  Lineage lineage = Known();
  lineage.ends.erase(lineage.ends.begin() + 1);

  EXPECT_EQ(Judge({2, 150}, lineage), TokenStanding::kLost);
}

TEST(JudgeTokenTest, BetweenWhatWasSeenNothingIsGuessed) {
  const Lineage seen{.timeline = 2, .ends = {{1, 90, 130}}, .is_complete = true};
  const Lineage unknown{.timeline = 2, .ends = {}, .is_complete = false};

  EXPECT_EQ(Judge({1, 90}, seen), TokenStanding::kOurs);
  EXPECT_EQ(Judge({1, 91}, seen), TokenStanding::kUnverified);
  EXPECT_EQ(Judge({1, 130}, seen), TokenStanding::kUnverified);
  EXPECT_EQ(Judge({1, 131}, seen), TokenStanding::kLost);
  EXPECT_EQ(Judge({1, 1}, unknown), TokenStanding::kUnverified);
}

TEST(JudgeTokenTest, OfAnotherClusterWhateverItsPosition) {
  EXPECT_EQ(Judge({3, 1}, Known(), kCluster + 1), TokenStanding::kForeign);
  EXPECT_EQ(Judge({9, 1}, Known(), kCluster + 1), TokenStanding::kForeign);
}

struct ReplayCase {
  WalPosition reading;
  WalPosition wanted;
  bool has_replayed;
  const char* why;
};

TEST(HasReplayedTest, ByTable) {
  const ReplayCase cases[] = {
      {{3, 250}, {3, 250}, true, "just there"},
      {{3, 249}, {3, 250}, false, "one byte behind"},
      {{3, 250}, {1, 100}, true, "later timelines came through it"},
      {{2, 250}, {1, 100}, true, "an ancestor came through it, too"},
      {{2, 250}, {3, 220}, false, "not known to have gone over: it may be on a fork"},
      {{1, 100}, {1, 100}, true, "still on the old one, but that far"},
      {{4, 900}, {3, 250}, false, "follows a primary that is not known"},
      {{0, 900}, {3, 250}, false, "its timeline is not known"},
  };
  for (const ReplayCase& one : cases) {
    EXPECT_EQ(HasReplayed(one.reading, one.wanted, Known()), one.has_replayed) << one.why;
  }
}

TEST(IfUnmetTest, ByDefaultWaitsAndThenGoesToThePrimaryIfItMay) {
  EXPECT_EQ(ResolveIfUnmet(IfUnmet::kDefault, false, true), IfUnmet::kWait);
  EXPECT_EQ(ResolveIfUnmet(IfUnmet::kDefault, true, true), IfUnmet::kPrimary);
  EXPECT_EQ(ResolveIfUnmet(IfUnmet::kDefault, true, false), IfUnmet::kWait);
  for (const IfUnmet asked : {IfUnmet::kWait, IfUnmet::kPrimary, IfUnmet::kFail}) {
    EXPECT_EQ(ResolveIfUnmet(asked, true, true), asked);
    EXPECT_EQ(ResolveIfUnmet(asked, false, false), asked);
  }
}

// Every 100 ms another 10 bytes, up to `now`.
WalMarks Busy(int marks, absl::Time now, uint32_t timeline = 3) {
  WalMarks made;
  for (int i = 0; i < marks; ++i) {
    made = made.With({now - absl::Milliseconds(100) * (marks - 1 - i),
                      {timeline, 1000 + 10 * static_cast<uint64_t>(i)}});
  }
  return made;
}

Freshness MaxStaleness(absl::Duration duration) {
  Freshness freshness;
  freshness.kind = Freshness::Kind::kMaxStaleness;
  freshness.max_staleness = duration;
  return freshness;
}

TEST(MaxStalenessTest, WantsTheFirstMarkThatIsYoungEnough) {
  Topology topology = With(Known());
  topology.marks = Busy(20, kNow);  // The last at 1190.

  EXPECT_EQ(WantedPosition(MaxStaleness(absl::Milliseconds(250)), topology, kNow),
            (WalPosition{3, 1170}));
  EXPECT_EQ(WantedPosition(MaxStaleness(absl::Seconds(60)), topology, kNow),
            (WalPosition{3, 1000}));
  EXPECT_FALSE(WantedPosition(MaxStaleness(absl::Milliseconds(50)), topology,
                              kNow + absl::Milliseconds(60))
                   .has_value())
      << "the primary was last asked too long ago";
}

TEST(MaxStalenessTest, AnIdlePrimaryDoesNotLookLikeLag) {
  Topology topology = With(Known());
  for (int i = 0; i < 100; ++i) {
    topology.marks = topology.marks.With({kNow + absl::Seconds(i), {3, 1000}});
  }

  EXPECT_EQ(topology.marks.all().size(), 1u);
  EXPECT_EQ(StalenessOf({3, 1000}, topology, kNow + absl::Seconds(99)),
            absl::ZeroDuration());
}

TEST(MaxStalenessTest, ReplicasThatStandStillGrowStale) {
  Topology topology = With(Known());
  topology.marks = Busy(20, kNow);

  EXPECT_EQ(StalenessOf({3, 1190}, topology, kNow), absl::ZeroDuration());
  EXPECT_EQ(StalenessOf({3, 1189}, topology, kNow), absl::Milliseconds(100));
  EXPECT_EQ(StalenessOf({3, 1100}, topology, kNow + absl::Seconds(5)),
            absl::Milliseconds(5900));
  EXPECT_FALSE(StalenessOf({3, 999}, topology, kNow).has_value());
}

TEST(MaxStalenessTest, WhatAFailoverHasLostIsNotWaitedFor) {
  Topology topology = With(Known());
  WalMarks marks = WalMarks().With({kNow, {2, 180}});
  marks = marks.With({kNow + absl::Seconds(1), {2, 230}});  // Beyond the end, 200.
  topology.marks = marks.With({kNow + absl::Seconds(2), {3, 210}});

  EXPECT_EQ(WantedPosition(MaxStaleness(absl::Milliseconds(1500)), topology,
                           kNow + absl::Seconds(2)),
            (WalPosition{3, 210}));
}

TEST(WalMarksTest, StayFewAndInOrderAndKeepTheNewestAsTheyWere) {
  const WalMarks marks = Busy(10'000, kNow);

  EXPECT_LE(marks.all().size(), 128u);
  for (size_t i = 1; i < marks.all().size(); ++i) {
    EXPECT_LT(marks.all()[i - 1].at, marks.all()[i].at);
    EXPECT_LT(marks.all()[i - 1].position.lsn, marks.all()[i].position.lsn);
  }
  EXPECT_EQ(marks.Since(kNow - absl::Seconds(3)).size(), 31u);
}

TEST(WalMarksTest, AnOlderOneThatComesLateIsIgnored) {
  const WalMarks marks = Busy(3, kNow);

  EXPECT_EQ(marks.With({kNow - absl::Seconds(1), {3, 5}}).all().size(), 3u);
}

TEST(ReplayPaceTest, IsQuickWhileThingsMoveAndSlowsDownWhenTheyDoNot) {
  ReplayPace pace;

  EXPECT_EQ(pace.OnProgress(), absl::Milliseconds(2));
  absl::Duration last = absl::Milliseconds(2);
  for (int i = 0; i < 100; ++i) {
    const absl::Duration next = pace.OnNothingNew();
    EXPECT_GE(next, last);
    last = next;
  }
  EXPECT_EQ(last, absl::Milliseconds(20));
  EXPECT_EQ(pace.OnProgress(), absl::Milliseconds(2));
  EXPECT_EQ(pace.OnFailure(), absl::Milliseconds(50));
  EXPECT_EQ(pace.OnFailure(), absl::Milliseconds(100));
  EXPECT_EQ(pace.OnNothingNew(), absl::Milliseconds(2.5));
  EXPECT_EQ(pace.OnFailure(), absl::Milliseconds(50));
}

}  // namespace
}  // namespace pgsluice
