#include "pool/wait_queue.h"

#include <algorithm>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;
using testing::UnorderedElementsAre;

const absl::Time kStart = absl::FromUnixSeconds(1000);

absl::Time At(int seconds) { return kStart + absl::Seconds(seconds); }

TEST(WaitQueueTest, ServesInOrderOfArrivalWhateverTheDeadlines) {
  WaitQueue queue(10);
  const WaiterId first = *queue.Push({.enqueued = At(0), .deadline = At(30)});
  const WaiterId second = *queue.Push({.enqueued = At(1), .deadline = At(10)});
  const WaiterId third = *queue.Push({.enqueued = At(2), .deadline = At(20)});

  EXPECT_THAT(queue.PopNext(At(3), true), Optional(first));
  EXPECT_THAT(queue.PopNext(At(3), true), Optional(second));
  EXPECT_THAT(queue.PopNext(At(3), true), Optional(third));
  EXPECT_EQ(queue.PopNext(At(3), true), std::nullopt);
}

TEST(WaitQueueTest, RefusesWhenFullAndTakesAgainOnceThereIsRoom) {
  WaitQueue queue(1);
  const WaiterId only = *queue.Push({.enqueued = At(0), .deadline = At(10)});

  EXPECT_EQ(queue.Push({.enqueued = At(0), .deadline = At(10)}), std::nullopt);
  queue.Remove(only);
  EXPECT_NE(queue.Push({.enqueued = At(0), .deadline = At(10)}), std::nullopt);
}

TEST(WaitQueueTest, RefusesAllWithoutRoom) {
  WaitQueue queue(0);

  EXPECT_EQ(queue.Push({.enqueued = At(0), .deadline = At(10)}), std::nullopt);
}

TEST(WaitQueueTest, NeverServesAnExpiredWaiterAndLeavesItToExpire) {
  WaitQueue queue(10);
  const WaiterId expired = *queue.Push({.enqueued = At(0), .deadline = At(5)});
  const WaiterId live = *queue.Push({.enqueued = At(1), .deadline = At(6)});

  EXPECT_THAT(queue.PopNext(At(5), true), Optional(live));
  EXPECT_EQ(queue.PopNext(At(5), true), std::nullopt);
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_THAT(queue.Expire(At(5)), ElementsAre(expired));
  EXPECT_EQ(queue.size(), 0u);
}

TEST(WaitQueueTest, ExpiresAtTheDeadlineAndNotBefore) {
  WaitQueue queue(10);
  const WaiterId late = *queue.Push({.enqueued = At(0), .deadline = At(20)});
  const WaiterId soon = *queue.Push({.enqueued = At(1), .deadline = At(10)});

  EXPECT_THAT(queue.Expire(At(10) - absl::Nanoseconds(1)), IsEmpty());
  EXPECT_THAT(queue.Expire(At(10)), ElementsAre(soon));
  EXPECT_THAT(queue.Expire(absl::InfiniteFuture()), ElementsAre(late));
}

TEST(WaitQueueTest, ExpiresWaitersWithTheSameDeadlineTogether) {
  WaitQueue queue(10);
  const WaiterId a = *queue.Push({.enqueued = At(0), .deadline = At(10)});
  const WaiterId b = *queue.Push({.enqueued = At(0), .deadline = At(10)});

  EXPECT_THAT(queue.Expire(At(10)), UnorderedElementsAre(a, b));
}

TEST(WaitQueueTest, RemovesOnce) {
  WaitQueue queue(10);
  const WaiterId id = *queue.Push({.enqueued = At(0), .deadline = At(10)});

  EXPECT_TRUE(queue.Remove(id));
  EXPECT_FALSE(queue.Remove(id));
  EXPECT_FALSE(queue.Remove(12345));
  EXPECT_EQ(queue.PopNext(At(0), true), std::nullopt);
  EXPECT_THAT(queue.Expire(At(10)), IsEmpty());
}

TEST(WaitQueueTest, ClearsInOrderOfArrival) {
  WaitQueue queue(10);
  const WaiterId a = *queue.Push({.enqueued = At(0), .deadline = At(10)});
  const WaiterId b = *queue.Push({.enqueued = At(1), .deadline = At(5)});

  EXPECT_THAT(queue.Clear(), ElementsAre(a, b));
  EXPECT_EQ(queue.size(), 0u);
}

TEST(WaitQueueTest, TellsTheOldest) {
  WaitQueue queue(10);
  EXPECT_EQ(queue.oldest_enqueued(), std::nullopt);

  queue.Push({.enqueued = At(3), .deadline = At(30)});
  queue.Push({.enqueued = At(4), .deadline = At(10)});

  EXPECT_EQ(queue.oldest_enqueued(), At(3));
}

TEST(WaitQueueTest, PassesOverTransactionsThatMayNotHaveOne) {
  WaitQueue queue(10);
  const WaiterId transaction = *queue.Push(
      {.enqueued = At(0), .deadline = At(9), .kind = LeaseKind::kTransaction});
  const WaiterId statement = *queue.Push({.enqueued = At(1), .deadline = At(9)});
  EXPECT_EQ(queue.size(true), 1u);

  EXPECT_THAT(queue.PopNext(At(2), false), Optional(statement));
  EXPECT_EQ(queue.PopNext(At(2), false), std::nullopt);
  EXPECT_THAT(queue.PopNext(At(2), true), Optional(transaction));
}

TEST(WaitQueueTest, ServesAllKindsInOrderOfArrival) {
  WaitQueue queue(10);
  const WaiterId first =
      *queue.Push({.enqueued = At(0), .deadline = At(9), .kind = LeaseKind::kStream});
  const WaiterId second = *queue.Push({.enqueued = At(1), .deadline = At(9)});
  const WaiterId third = *queue.Push(
      {.enqueued = At(2), .deadline = At(9), .kind = LeaseKind::kTransaction});

  EXPECT_THAT(queue.PopNext(At(3), true), Optional(first));
  EXPECT_THAT(queue.PopNext(At(3), true), Optional(second));
  EXPECT_THAT(queue.PopNext(At(3), true), Optional(third));
}

TEST(WaitQueueTest, CallersTakeTurns) {
  WaitQueue queue(10);
  std::vector<WaiterId> greedy;
  for (int i = 0; i < 4; ++i) {
    greedy.push_back(*queue.Push({.enqueued = At(0), .deadline = At(9), .caller = 1}));
  }
  const WaiterId modest =
      *queue.Push({.enqueued = At(1), .deadline = At(9), .caller = 2});
  const WaiterId modest_too =
      *queue.Push({.enqueued = At(1), .deadline = At(9), .caller = 2});

  std::vector<WaiterId> served;
  while (auto next = queue.PopNext(At(2), true)) served.push_back(*next);

  EXPECT_THAT(served, ElementsAre(greedy[0], modest, greedy[1], modest_too, greedy[2],
                                  greedy[3]));
}

TEST(WaitQueueTest, ACallerGetsTurnsByItsWeight) {
  WaitQueue queue(100);
  const Caller heavy(1, 3);
  const Caller light(2, 1);
  std::vector<std::pair<WaiterId, bool>> waiters;  // Whether heavy.
  for (int i = 0; i < 12; ++i) {
    for (const Caller& caller : {light, heavy}) {
      waiters.emplace_back(
          *queue.Push({.enqueued = At(0), .deadline = At(9), .caller = caller}),
          caller.weight == 3);
    }
  }

  int heavy_served = 0;
  for (int i = 0; i < 12; ++i) {
    const WaiterId next = *queue.PopNext(At(1), true);
    for (const auto& [id, is_heavy] : waiters) heavy_served += id == next && is_heavy;
  }

  EXPECT_EQ(heavy_served, 9);
}

TEST(WaitQueueTest, ACallerThatComesLateGetsNoMoreThanItsTurn) {
  WaitQueue queue(100);
  for (int i = 0; i < 20; ++i) {
    queue.Push({.enqueued = At(0), .deadline = At(9), .caller = 1});
  }
  for (int i = 0; i < 10; ++i) queue.PopNext(At(0), true);
  std::vector<WaiterId> late;
  for (int i = 0; i < 3; ++i) {
    late.push_back(*queue.Push({.enqueued = At(1), .deadline = At(9), .caller = 2}));
  }

  int served_late = 0;
  for (int i = 0; i < 4; ++i) {
    const WaiterId next = *queue.PopNext(At(1), true);
    served_late += std::find(late.begin(), late.end(), next) != late.end() ? 1 : 0;
  }

  EXPECT_EQ(served_late, 2);
}

TEST(WaitQueueTest, AnEmptyQueueForgetsWhoHadManyTurns) {
  WaitQueue queue(100);
  for (int i = 0; i < 50; ++i) {
    queue.Push({.enqueued = At(0), .deadline = At(9), .caller = 1});
  }
  queue.Clear();
  const WaiterId first = *queue.Push({.enqueued = At(1), .deadline = At(9), .caller = 1});
  queue.Push({.enqueued = At(1), .deadline = At(9), .caller = 2});

  EXPECT_THAT(queue.PopNext(At(2), true), Optional(first));
}

// What the queue ought to be, written as plainly as can be.
class Model final {
 public:
  struct Waiter {
    WaiterId id;
    absl::Time deadline;
  };
  std::optional<WaiterId> Oldest(absl::Time now) const {
    for (const Waiter& waiter : waiters) {
      if (waiter.deadline > now) return waiter.id;
    }
    return std::nullopt;
  }
  bool Erase(WaiterId id) {
    return std::erase_if(waiters, [id](const Waiter& w) { return w.id == id; }) == 1;
  }
  std::vector<WaiterId> Due(absl::Time now) const {
    std::vector<WaiterId> due;
    for (const Waiter& waiter : waiters) {
      if (waiter.deadline <= now) due.push_back(waiter.id);
    }
    return due;
  }
  std::vector<Waiter> waiters;
};

// Invariant 3: every waiter leaves exactly once, and in order of arrival when served.
TEST(WaitQueueTest, AgreesWithItsModelOnARandomWalk) {
  constexpr size_t kMaxWaiters = 8;
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const auto below = [&random](int n) { return static_cast<int>(random() % n); };
  WaitQueue queue(kMaxWaiters);
  Model model;
  absl::Time now = kStart;

  for (int step = 0; step < 20000; ++step) {
    SCOPED_TRACE(testing::Message() << "step " << step);
    switch (below(6)) {
      case 0:
      case 1: {
        const absl::Time deadline = now + absl::Seconds(below(10));
        const std::optional<WaiterId> id =
            queue.Push({.enqueued = now, .deadline = deadline});
        ASSERT_EQ(id.has_value(), model.waiters.size() < kMaxWaiters);
        if (id.has_value()) model.waiters.push_back({*id, deadline});
        break;
      }
      case 2: {
        const std::optional<WaiterId> expected = model.Oldest(now);
        ASSERT_EQ(queue.PopNext(now, true), expected);
        if (expected.has_value()) model.Erase(*expected);
        break;
      }
      case 3: {
        const WaiterId id = model.waiters.empty() || below(4) == 0
                                ? static_cast<WaiterId>(below(1000))
                                : model.waiters[below(model.waiters.size())].id;
        ASSERT_EQ(queue.Remove(id), model.Erase(id));
        break;
      }
      case 4: {
        const std::vector<WaiterId> due = model.Due(now);
        ASSERT_THAT(queue.Expire(now), testing::UnorderedElementsAreArray(due));
        for (WaiterId id : due) model.Erase(id);
        break;
      }
      case 5: now += absl::Seconds(below(3)); break;
    }
    ASSERT_EQ(queue.size(), model.waiters.size());
  }
}

}  // namespace
}  // namespace pgsluice
