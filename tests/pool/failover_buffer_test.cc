#include "pool/failover_buffer.h"

#include <random>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const absl::Time kStart = absl::FromUnixSeconds(1000);
absl::Time At(double seconds) { return kStart + absl::Seconds(seconds); }

constexpr FailoverBufferOptions kSmall = {.size = 3, .time = absl::Seconds(10)};

class FailoverBufferTest : public testing::Test {
 protected:
  WaiterId Push(BufferedFor wanted = BufferedFor::kPrimary, double until = 10) {
    return buffer_.Push(wanted, At(until)).value_or(0);
  }
  FailoverBuffer buffer_{kSmall};
};

TEST_F(FailoverBufferTest, HoldsSoManyAndNoMore) {
  for (int i = 0; i < 3; ++i) EXPECT_NE(Push(), 0u);

  EXPECT_EQ(Push(), 0u);
  EXPECT_EQ(buffer_.stats().now, 3u);
  EXPECT_EQ(buffer_.stats().total, 3u);
  EXPECT_EQ(buffer_.stats().refused, 1u);
}

TEST_F(FailoverBufferTest, ASizeOfZeroHoldsNone) {
  buffer_.Reconfigure({.size = 0});
  EXPECT_EQ(Push(), 0u);
}

TEST_F(FailoverBufferTest, ReleasesTheOldestFirstAndOnlySoManyAtATime) {
  const WaiterId first = Push();
  const WaiterId second = Push();
  const WaiterId third = Push();

  EXPECT_THAT(buffer_.Release(2), ElementsAre(first, second));
  EXPECT_THAT(buffer_.Release(2), IsEmpty());
  buffer_.OnDone();
  EXPECT_THAT(buffer_.Release(2), ElementsAre(third));
  EXPECT_EQ(buffer_.under_way(), 2u);
}

TEST_F(FailoverBufferTest, ExpiresThoseWhoseTimeHasCome) {
  const WaiterId soon = Push(BufferedFor::kPrimary, 1);
  Push(BufferedFor::kPrimary, 3);

  EXPECT_THAT(buffer_.Expire(At(0.9)), IsEmpty());
  EXPECT_THAT(buffer_.Expire(At(1)), ElementsAre(soon));
  EXPECT_EQ(buffer_.stats().expired, 1u);
  EXPECT_EQ(buffer_.stats().now, 1u);
}

TEST_F(FailoverBufferTest, ForgetsACallThatHasEnded) {
  const WaiterId id = Push();
  EXPECT_TRUE(buffer_.Remove(id));
  EXPECT_FALSE(buffer_.Remove(id));
  EXPECT_THAT(buffer_.Release(5), IsEmpty());
}

TEST_F(FailoverBufferTest, LetsThoseGoWhoWouldGoElsewhere) {
  Push(BufferedFor::kPrimary);
  const WaiterId read = Push(BufferedFor::kAnything);

  EXPECT_THAT(buffer_.ReleaseUndemanding(), ElementsAre(read));
  EXPECT_EQ(buffer_.under_way(), 0u) << "they are no burden to a new primary";
  EXPECT_EQ(buffer_.stats().now, 1u);
}

TEST_F(FailoverBufferTest, EmptiesAltogether) {
  Push();
  Push();
  EXPECT_EQ(buffer_.Clear().size(), 2u);
  EXPECT_EQ(buffer_.stats().now, 0u);
}

// Failovers come and go: nobody is released twice or lost, and all stays within bounds.
TEST_F(FailoverBufferTest, KeepsItsBoundsOnARandomWalk) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  constexpr size_t kConcurrency = 4;
  buffer_.Reconfigure({.size = 50});
  std::set<WaiterId> inside;
  size_t under_way = 0;
  double now = 0;
  const auto left = [&inside](const std::vector<WaiterId>& ids) {
    for (const WaiterId id : ids) ASSERT_EQ(inside.erase(id), 1u);
  };
  for (int step = 0; step < 20000; ++step) {
    now += 0.01;
    switch (random() % 6) {
      case 0:
      case 1: {
        const auto wanted =
            random() % 4 == 0 ? BufferedFor::kAnything : BufferedFor::kPrimary;
        const auto id = buffer_.Push(wanted, At(now + static_cast<double>(random() % 5)));
        ASSERT_EQ(id.has_value(), inside.size() < 50);
        if (id.has_value()) inside.insert(*id);
        break;
      }
      case 2: {
        const std::vector<WaiterId> released = buffer_.Release(kConcurrency);
        under_way += released.size();
        left(released);
        break;
      }
      case 3:
        if (under_way == 0) break;
        --under_way;
        buffer_.OnDone();
        break;
      case 4: left(buffer_.Expire(At(now))); break;
      case 5:
        if (!inside.empty() && buffer_.Remove(*inside.begin())) {
          inside.erase(inside.begin());
        }
        break;
    }
    ASSERT_LE(under_way, kConcurrency);
    ASSERT_EQ(buffer_.under_way(), under_way);
    ASSERT_EQ(buffer_.stats().now, inside.size());
  }
}

}  // namespace
}  // namespace pgsluice
