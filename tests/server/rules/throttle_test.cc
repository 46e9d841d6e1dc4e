#include "server/throttle.h"

#include <optional>
#include <string>

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

constexpr size_t kManyNames = 512;
const absl::Time kStart = absl::FromUnixSeconds(1000);

absl::Time At(double seconds) { return kStart + absl::Seconds(seconds); }

TEST(ThrottleTest, LetsABurstThroughAndThenSoManyASecond) {
  Throttle throttle({.per_second = 2, .burst = 3}, kManyNames);
  struct Case {
    double at;
    std::optional<uint64_t> told;
  };
  for (const Case& c : {
           Case{0, 0},
           Case{0, 0},
           Case{0, 0},
           Case{0, std::nullopt},
           Case{0.25, std::nullopt},
           Case{0.5, 2},  // Two were not written.
           Case{0.75, std::nullopt},
           Case{1.0, 1},
           Case{100, 0},  // Full again, and no fuller than it was.
           Case{100, 0},
           Case{100, 0},
           Case{100, std::nullopt},
       }) {
    EXPECT_EQ(throttle.Admit("event", At(c.at)), c.told) << "at " << c.at;
  }
  EXPECT_EQ(throttle.suppressed(), 4u);
}

TEST(ThrottleTest, KeepsEventsApart) {
  Throttle throttle({.per_second = 1, .burst = 1}, kManyNames);

  EXPECT_EQ(throttle.Admit("often", kStart), 0u);
  EXPECT_EQ(throttle.Admit("often", kStart), std::nullopt);
  EXPECT_EQ(throttle.Admit("once", kStart), 0u);
  EXPECT_EQ(throttle.Admit("often", At(1)), 1u);
}

TEST(ThrottleTest, HasNoBoundAtZero) {
  Throttle throttle({.per_second = 0, .burst = 1}, kManyNames);

  for (int i = 0; i < 1000; ++i) EXPECT_EQ(throttle.Admit("event", kStart), 0u);
  EXPECT_EQ(throttle.names(), 0u);
}

TEST(ThrottleTest, TakesANewBound) {
  Throttle throttle({.per_second = 1, .burst = 1}, kManyNames);
  ASSERT_EQ(throttle.Admit("event", kStart), 0u);
  ASSERT_EQ(throttle.Admit("event", kStart), std::nullopt);

  throttle.set_bound({.per_second = 10, .burst = 10});

  EXPECT_EQ(throttle.Admit("event", At(0.1)), 1u);
  EXPECT_EQ(throttle.Admit("event", At(0.1)), std::nullopt) << "no gift of a burst";
}

TEST(ThrottleTest, BearsAClockThatIsSetBack) {
  Throttle throttle({.per_second = 1, .burst = 1}, kManyNames);
  ASSERT_EQ(throttle.Admit("event", At(100)), 0u);

  EXPECT_EQ(throttle.Admit("event", kStart), std::nullopt);
  EXPECT_EQ(throttle.Admit("event", At(1)), 1u);
}

TEST(ThrottleTest, DoesNotGrowWithTheTextsThatComeByIt) {
  Throttle throttle({.per_second = 1, .burst = 1}, kManyNames);
  const auto admit_many = [&](const std::string& stem, absl::Time now) {
    int admitted = 0;
    for (int i = 0; i < 2000; ++i) {
      if (throttle.Admit(stem + std::to_string(i), now).has_value()) ++admitted;
    }
    return admitted;
  };

  // Each of its own bucket, and one line of the bucket that the others share.
  EXPECT_EQ(admit_many("a", kStart), static_cast<int>(kManyNames) + 1);
  EXPECT_EQ(throttle.names(), kManyNames);

  // Old ones have made room.
  EXPECT_EQ(admit_many("b", At(10)), static_cast<int>(kManyNames) + 1);
  EXPECT_EQ(throttle.names(), kManyNames);
}

}  // namespace
}  // namespace pgsluice
