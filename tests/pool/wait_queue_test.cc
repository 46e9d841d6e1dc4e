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
  const WaiterId first = *queue.Push(At(0), At(30));
  const WaiterId second = *queue.Push(At(1), At(10));
  const WaiterId third = *queue.Push(At(2), At(20));

  EXPECT_THAT(queue.PopOldest(At(3)), Optional(first));
  EXPECT_THAT(queue.PopOldest(At(3)), Optional(second));
  EXPECT_THAT(queue.PopOldest(At(3)), Optional(third));
  EXPECT_EQ(queue.PopOldest(At(3)), std::nullopt);
}

TEST(WaitQueueTest, RefusesWhenFullAndTakesAgainOnceThereIsRoom) {
  WaitQueue queue(1);
  const WaiterId only = *queue.Push(At(0), At(10));

  EXPECT_EQ(queue.Push(At(0), At(10)), std::nullopt);
  queue.Remove(only);
  EXPECT_NE(queue.Push(At(0), At(10)), std::nullopt);
}

TEST(WaitQueueTest, RefusesAllWithoutRoom) {
  WaitQueue queue(0);

  EXPECT_EQ(queue.Push(At(0), At(10)), std::nullopt);
}

TEST(WaitQueueTest, NeverServesAnExpiredWaiterAndLeavesItToExpire) {
  WaitQueue queue(10);
  const WaiterId expired = *queue.Push(At(0), At(5));
  const WaiterId live = *queue.Push(At(1), At(6));

  EXPECT_THAT(queue.PopOldest(At(5)), Optional(live));
  EXPECT_EQ(queue.PopOldest(At(5)), std::nullopt);
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_THAT(queue.Expire(At(5)), ElementsAre(expired));
  EXPECT_EQ(queue.size(), 0u);
}

TEST(WaitQueueTest, ExpiresAtTheDeadlineAndNotBefore) {
  WaitQueue queue(10);
  const WaiterId late = *queue.Push(At(0), At(20));
  const WaiterId soon = *queue.Push(At(1), At(10));

  EXPECT_THAT(queue.Expire(At(10) - absl::Nanoseconds(1)), IsEmpty());
  EXPECT_THAT(queue.Expire(At(10)), ElementsAre(soon));
  EXPECT_THAT(queue.Expire(absl::InfiniteFuture()), ElementsAre(late));
}

TEST(WaitQueueTest, ExpiresWaitersWithTheSameDeadlineTogether) {
  WaitQueue queue(10);
  const WaiterId a = *queue.Push(At(0), At(10));
  const WaiterId b = *queue.Push(At(0), At(10));

  EXPECT_THAT(queue.Expire(At(10)), UnorderedElementsAre(a, b));
}

TEST(WaitQueueTest, RemovesOnce) {
  WaitQueue queue(10);
  const WaiterId id = *queue.Push(At(0), At(10));

  EXPECT_TRUE(queue.Remove(id));
  EXPECT_FALSE(queue.Remove(id));
  EXPECT_FALSE(queue.Remove(12345));
  EXPECT_EQ(queue.PopOldest(At(0)), std::nullopt);
  EXPECT_THAT(queue.Expire(At(10)), IsEmpty());
}

TEST(WaitQueueTest, ClearsInOrderOfArrival) {
  WaitQueue queue(10);
  const WaiterId a = *queue.Push(At(0), At(10));
  const WaiterId b = *queue.Push(At(1), At(5));

  EXPECT_THAT(queue.Clear(), ElementsAre(a, b));
  EXPECT_EQ(queue.size(), 0u);
  EXPECT_EQ(queue.next_deadline(), std::nullopt);
}

TEST(WaitQueueTest, TellsTheOldestAndTheNextDeadline) {
  WaitQueue queue(10);
  EXPECT_EQ(queue.oldest_enqueued(), std::nullopt);
  EXPECT_EQ(queue.next_deadline(), std::nullopt);

  queue.Push(At(3), At(30));
  queue.Push(At(4), At(10));

  EXPECT_EQ(queue.oldest_enqueued(), At(3));
  EXPECT_EQ(queue.next_deadline(), At(10));
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
        const std::optional<WaiterId> id = queue.Push(now, deadline);
        ASSERT_EQ(id.has_value(), model.waiters.size() < kMaxWaiters);
        if (id.has_value()) model.waiters.push_back({*id, deadline});
        break;
      }
      case 2: {
        const std::optional<WaiterId> expected = model.Oldest(now);
        ASSERT_EQ(queue.PopOldest(now), expected);
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
    ASSERT_EQ(queue.next_deadline().has_value(), !model.waiters.empty());
    if (!model.waiters.empty()) {
      const auto next = std::min_element(
          model.waiters.begin(), model.waiters.end(),
          [](const auto& a, const auto& b) { return a.deadline < b.deadline; });
      ASSERT_EQ(queue.next_deadline(), next->deadline);
    }
  }
}

}  // namespace
}  // namespace pgsluice
