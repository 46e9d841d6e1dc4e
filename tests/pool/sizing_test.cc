#include "pool/sizing.h"

#include <algorithm>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

const absl::Time kNow = absl::FromUnixSeconds(100000);

PoolOptions Options() {
  PoolOptions options;
  options.min_size = 2;
  options.max_size = 10;
  options.idle_timeout = absl::Minutes(5);
  options.max_concurrent_connects = 4;
  return options;
}

IdleSession Fresh(uint64_t id) { return {id, kNow, absl::InfiniteFuture()}; }
IdleSession Unused(uint64_t id) {
  return {id, kNow - absl::Minutes(5), absl::InfiniteFuture()};
}
IdleSession Old(uint64_t id) { return {id, kNow, kNow}; }

PoolSnapshot OfIdle(std::vector<IdleSession> idle) {
  PoolSnapshot snapshot;
  snapshot.open = idle.size();
  snapshot.idle = std::move(idle);
  return snapshot;
}

TEST(SizingTest, OpensTowardTheMinimum) {
  const MaintenancePlan plan = PlanMaintenance(PoolSnapshot{}, Options(), kNow);

  EXPECT_THAT(plan.close, IsEmpty());
  EXPECT_EQ(plan.connects_to_start, 2u);
}

TEST(SizingTest, DoesNothingToAPoolAtItsMinimum) {
  const MaintenancePlan plan =
      PlanMaintenance(OfIdle({Unused(1), Unused(2)}), Options(), kNow);

  EXPECT_THAT(plan.close, IsEmpty());
  EXPECT_EQ(plan.connects_to_start, 0u);
}

TEST(SizingTest, ClosesTheLongestUnusedBeyondTheMinimum) {
  const MaintenancePlan plan = PlanMaintenance(
      OfIdle({Unused(1), Unused(2), Unused(3), Fresh(4)}), Options(), kNow);

  EXPECT_THAT(plan.close,
              ElementsAre(Pair(1, CloseReason::kIdle), Pair(2, CloseReason::kIdle)));
  EXPECT_EQ(plan.connects_to_start, 0u);
}

TEST(SizingTest, CountsLeasedSessionsTowardTheMinimum) {
  PoolSnapshot snapshot = OfIdle({Unused(1)});
  snapshot.open = 3;

  EXPECT_THAT(PlanMaintenance(snapshot, Options(), kNow).close,
              ElementsAre(Pair(1, CloseReason::kIdle)));
}

TEST(SizingTest, ClosesNothingForIdlenessJustBeforeTheTimeout) {
  IdleSession session = Unused(1);
  session.idle_since += absl::Nanoseconds(1);

  EXPECT_THAT(
      PlanMaintenance(OfIdle({session, Fresh(2), Fresh(3)}), Options(), kNow).close,
      IsEmpty());
}

TEST(SizingTest, NeverClosesForIdlenessWithoutATimeout) {
  PoolOptions options = Options();
  options.idle_timeout = absl::ZeroDuration();

  EXPECT_THAT(
      PlanMaintenance(OfIdle({Unused(1), Unused(2), Unused(3)}), options, kNow).close,
      IsEmpty());
}

TEST(SizingTest, RenewsWhatIsOverAgeEvenAtTheMinimum) {
  const MaintenancePlan plan = PlanMaintenance(OfIdle({Old(1), Old(2)}), Options(), kNow);

  EXPECT_THAT(plan.close, ElementsAre(Pair(1, CloseReason::kLifetime),
                                      Pair(2, CloseReason::kLifetime)));
  EXPECT_EQ(plan.connects_to_start, 2u);
}

TEST(SizingTest, ClosesAllIdleOfARetiredPoolAndOpensNone) {
  PoolSnapshot snapshot = OfIdle({Fresh(1), Old(2), Unused(3)});
  snapshot.is_retired = true;
  snapshot.waiters = 5;

  const MaintenancePlan plan = PlanMaintenance(snapshot, Options(), kNow);

  EXPECT_THAT(plan.close,
              ElementsAre(Pair(1, CloseReason::kRetired), Pair(2, CloseReason::kRetired),
                          Pair(3, CloseReason::kRetired)));
  EXPECT_EQ(plan.connects_to_start, 0u);
}

TEST(SizingTest, OpensOneForEachWaiterThatNoneComesFor) {
  struct Case {
    size_t open, connecting, idle, waiters, wanted;
  };
  for (const Case& c : {
           Case{2, 0, 0, 1, 1},    // All leased: one more.
           Case{2, 1, 0, 1, 0},    // One is on its way.
           Case{2, 1, 0, 3, 2},    // The others need theirs.
           Case{2, 0, 1, 1, 0},    // An idle one is there.
           Case{2, 0, 0, 100, 4},  // Not more dials at once than allowed.
           Case{2, 3, 0, 100, 1},  // Those under way count.
           Case{2, 4, 0, 100, 0},  //
           Case{9, 0, 0, 100, 1},  // Not beyond the maximum.
           Case{7, 3, 0, 100, 0},  //
           Case{0, 0, 0, 1, 2},    // The minimum, which covers the waiter.
           Case{0, 0, 0, 3, 3},    //
           Case{0, 2, 0, 0, 0},    // The minimum is on its way.
       }) {
    EXPECT_EQ(ConnectsWanted(c.open, c.connecting, c.idle, c.waiters, Options(), kNow,
                             absl::InfinitePast()),
              c.wanted)
        << c.open << " " << c.connecting << " " << c.idle << " " << c.waiters;
  }
}

TEST(SizingTest, DialsOnlyOnceTheBackoffIsOver) {
  EXPECT_EQ(ConnectsWanted(0, 0, 0, 5, Options(), kNow, kNow + absl::Nanoseconds(1)), 0u);
  EXPECT_EQ(ConnectsWanted(0, 0, 0, 5, Options(), kNow, kNow), 4u);
}

// Invariant 2, for every small pool there can be.
TEST(SizingTest, NeverExceedsTheMaximumOrTheDials) {
  PoolOptions options = Options();
  for (options.max_size = 0; options.max_size <= 4; ++options.max_size) {
    for (options.min_size = 0; options.min_size <= 5; ++options.min_size) {
      for (size_t dials = 0; dials <= 3; ++dials) {
        options.max_concurrent_connects = dials;
        for (size_t open = 0; open <= 5; ++open) {
          for (size_t connecting = 0; connecting <= 5; ++connecting) {
            for (size_t waiters = 0; waiters <= 6; ++waiters) {
              const size_t wanted = ConnectsWanted(open, connecting, 0, waiters, options,
                                                   kNow, absl::InfinitePast());
              if (wanted == 0) continue;
              ASSERT_LE(open + connecting + wanted, options.max_size);
              ASSERT_LE(connecting + wanted, dials);
            }
          }
        }
      }
    }
  }
}

// A pool that does as it is told, with callers, connects and time at random.
class PoolModel final {
 public:
  PoolModel(PoolOptions options, unsigned seed) : options_(options), random_(seed) {}

  void Step() {
    switch (Below(6)) {
      case 0:  // A caller comes: a session, or the queue.
        if (idle_.empty()) {
          ++waiters_;
          connecting_ += ConnectsWanted(open(), connecting_, 0, waiters_, options_, now_,
                                        next_dial_);
        } else {
          idle_.pop_back();
          ++leased_;
        }
        break;
      case 1:  // A session comes back.
        if (leased_ > 0) {
          --leased_;
          Place();
        }
        break;
      case 2:  // One breaks.
        if (leased_ > 0) --leased_;
        break;
      case 3:  // A connect ends, well or not.
        if (connecting_ > 0) {
          --connecting_;
          if (Below(3) == 0) {
            next_dial_ = now_ + absl::Seconds(Below(20));
          } else {
            Place();
          }
        }
        break;
      case 4: now_ += absl::Seconds(Below(60)); break;
      case 5: Maintain(); break;
    }
  }

  size_t open() const { return idle_.size() + leased_; }
  size_t connecting() const { return connecting_; }

 private:
  int Below(int n) { return static_cast<int>(random_() % n); }

  void Place() {
    if (waiters_ > 0) {
      --waiters_;
      ++leased_;
    } else {
      idle_.push_back({next_id_++, now_, now_ + absl::Minutes(Below(20))});
    }
  }

  void Maintain() {
    PoolSnapshot snapshot;
    snapshot.idle = idle_;
    snapshot.open = open();
    snapshot.connecting = connecting_;
    snapshot.waiters = waiters_;
    snapshot.next_dial_allowed = next_dial_;
    const MaintenancePlan plan = PlanMaintenance(snapshot, options_, now_);

    size_t left = open();
    for (const auto& [id, reason] : plan.close) {
      if (reason == CloseReason::kIdle) {
        ASSERT_GT(left, options_.min_size);
      }
      --left;
      const auto erased = std::erase_if(
          idle_, [id = id](const IdleSession& session) { return session.id == id; });
      ASSERT_EQ(erased, 1u) << "closed a session that is not idle";
    }
    if (now_ < next_dial_) {
      ASSERT_EQ(plan.connects_to_start, 0u);
    }
    for (const IdleSession& session : idle_) ASSERT_GT(session.expires_at, now_);
    connecting_ += plan.connects_to_start;
    ASSERT_LE(connecting_, options_.max_concurrent_connects);
  }

  const PoolOptions options_;
  std::mt19937 random_;
  absl::Time now_ = kNow;
  absl::Time next_dial_ = absl::InfinitePast();
  std::vector<IdleSession> idle_;
  uint64_t next_id_ = 1;
  size_t leased_ = 0;
  size_t connecting_ = 0;
  size_t waiters_ = 0;
};

TEST(SizingTest, KeepsItsBoundsOnARandomWalk) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  const PoolOptions options = Options();
  PoolModel pool(options, seed);

  for (int step = 0; step < 50000; ++step) {
    pool.Step();
    ASSERT_LE(pool.open() + pool.connecting(), options.max_size) << "step " << step;
    ASSERT_FALSE(testing::Test::HasFatalFailure()) << "step " << step;
  }
}

}  // namespace
}  // namespace pgsluice
