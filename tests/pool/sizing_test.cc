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
  return options;
}

IdleSession Fresh(uint64_t id) { return {id, kNow, absl::InfiniteFuture()}; }
IdleSession Unused(uint64_t id) {
  return {id, kNow - absl::Minutes(5), absl::InfiniteFuture()};
}
IdleSession Old(uint64_t id) { return {id, kNow, kNow}; }

std::vector<std::pair<uint64_t, CloseReason>> ToClose(
    const std::vector<IdleSession>& idle, const PoolOptions& options, size_t leased = 0) {
  return SessionsToClose(idle, idle.size() + leased, options, kNow);
}

TEST(SizingTest, OpensTowardTheMinimum) {
  EXPECT_EQ(SessionsWanted({}, 2, 10), 2u);
  EXPECT_EQ(SessionsWanted({.open = 2}, 2, 10), 0u);
}

TEST(SizingTest, ClosesNothingOfAPoolAtItsMinimum) {
  EXPECT_THAT(ToClose({Unused(1), Unused(2)}, Options()), IsEmpty());
}

TEST(SizingTest, ClosesTheLongestUnusedBeyondTheMinimum) {
  EXPECT_THAT(ToClose({Unused(1), Unused(2), Unused(3), Fresh(4)}, Options()),
              ElementsAre(Pair(1, CloseReason::kIdle), Pair(2, CloseReason::kIdle)));
}

TEST(SizingTest, CountsLeasedSessionsTowardTheMinimum) {
  EXPECT_THAT(ToClose({Unused(1)}, Options(), /*leased=*/2),
              ElementsAre(Pair(1, CloseReason::kIdle)));
}

TEST(SizingTest, ClosesNothingForIdlenessJustBeforeTheTimeout) {
  IdleSession session = Unused(1);
  session.idle_since += absl::Nanoseconds(1);

  EXPECT_THAT(ToClose({session, Fresh(2), Fresh(3)}, Options()), IsEmpty());
}

TEST(SizingTest, NeverClosesForIdlenessWithoutATimeout) {
  PoolOptions options = Options();
  options.idle_timeout = absl::ZeroDuration();

  EXPECT_THAT(ToClose({Unused(1), Unused(2), Unused(3)}, options), IsEmpty());
}

TEST(SizingTest, RenewsWhatIsOverAgeEvenAtTheMinimum) {
  EXPECT_THAT(
      ToClose({Old(1), Old(2)}, Options()),
      ElementsAre(Pair(1, CloseReason::kLifetime), Pair(2, CloseReason::kLifetime)));
}

TEST(SizingTest, ClosesIdleOnesBeyondAMaximumThatWasLowered) {
  PoolOptions options = Options();
  options.max_size = 3;

  EXPECT_THAT(ToClose({Fresh(1), Fresh(2), Fresh(3)}, options, /*leased=*/2),
              ElementsAre(Pair(1, CloseReason::kExcess), Pair(2, CloseReason::kExcess)));
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
           Case{2, 0, 0, 100, 8},  // Not beyond the maximum.
           Case{9, 0, 0, 100, 1},  //
           Case{7, 3, 0, 100, 0},  //
           Case{0, 0, 0, 1, 2},    // The minimum, which covers the waiter.
           Case{0, 0, 0, 3, 3},    //
           Case{0, 2, 0, 0, 0},    // The minimum is on its way.
       }) {
    EXPECT_EQ(SessionsWanted({.open = c.open,
                              .connecting = c.connecting,
                              .idle = c.idle,
                              .waiters = c.waiters},
                             2, 10),
              c.wanted)
        << c.open << " " << c.connecting << " " << c.idle << " " << c.waiters;
  }
}

// Invariant 2, for every small pool there can be.
TEST(SizingTest, NeverExceedsTheMaximum) {
  for (size_t max = 0; max <= 4; ++max) {
    for (size_t min = 0; min <= 5; ++min) {
      for (size_t open = 0; open <= 5; ++open) {
        for (size_t connecting = 0; connecting <= 5; ++connecting) {
          for (size_t waiters = 0; waiters <= 6; ++waiters) {
            const size_t wanted = SessionsWanted(
                {.open = open, .connecting = connecting, .idle = 0, .waiters = waiters},
                min, max);
            if (wanted == 0) continue;
            ASSERT_LE(open + connecting + wanted, max);
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
          connecting_ += Wanted();
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
          if (Below(3) != 0) Place();
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

  size_t Wanted() const {
    return SessionsWanted({.open = open(),
                           .connecting = connecting_,
                           .idle = idle_.size(),
                           .waiters = waiters_},
                          options_.min_size, options_.max_size);
  }

  void Maintain() {
    size_t left = open();
    for (const auto& [id, reason] : SessionsToClose(idle_, left, options_, now_)) {
      if (reason == CloseReason::kIdle) {
        ASSERT_GT(left, options_.min_size);
      }
      --left;
      const auto erased = std::erase_if(
          idle_, [id = id](const IdleSession& session) { return session.id == id; });
      ASSERT_EQ(erased, 1u) << "closed a session that is not idle";
    }
    for (const IdleSession& session : idle_) ASSERT_GT(session.expires_at, now_);
    connecting_ += Wanted();
  }

  const PoolOptions options_;
  std::mt19937 random_;
  absl::Time now_ = kNow;
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
