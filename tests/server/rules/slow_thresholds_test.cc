#include "server/slow_thresholds.h"

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

constexpr absl::Duration kStep = absl::Nanoseconds(1);

TEST(SlowThresholdsTest, TheFirstRuleThatFitsHolds) {
  const SlowThresholds thresholds(
      absl::Seconds(1), {{.tag = "report", .threshold = absl::Seconds(30)},
                         {.role = Role::kReplica, .threshold = absl::Seconds(2)},
                         {.tag = "login", .threshold = absl::Milliseconds(10)},
                         {.tag = "batch", .threshold = absl::ZeroDuration()}});
  struct Case {
    Role role;
    std::string_view tag;
    absl::Duration threshold;
  };
  for (const Case& c : {Case{Role::kPrimary, "", absl::Seconds(1)},
                        Case{Role::kPrimary, "other", absl::Seconds(1)},
                        Case{Role::kPrimary, "reports", absl::Seconds(1)},
                        Case{Role::kPrimary, "report", absl::Seconds(30)},
                        Case{Role::kReplica, "report", absl::Seconds(30)},
                        Case{Role::kReplica, "", absl::Seconds(2)},
                        Case{Role::kReplica, "login", absl::Seconds(2)},
                        Case{Role::kPrimary, "login", absl::Milliseconds(10)}}) {
    EXPECT_TRUE(thresholds.IsSlow(c.threshold, c.role, c.tag)) << c.tag;
    EXPECT_FALSE(thresholds.IsSlow(c.threshold - kStep, c.role, c.tag)) << c.tag;
  }
  EXPECT_FALSE(thresholds.IsSlow(absl::Hours(1), Role::kPrimary, "batch"));
}

TEST(SlowThresholdsTest, ZeroMeansNever) {
  const SlowThresholds thresholds(absl::ZeroDuration());

  EXPECT_FALSE(thresholds.IsSlow(absl::Hours(1), Role::kPrimary, ""));
  EXPECT_FALSE(thresholds.IsSlow(absl::ZeroDuration(), Role::kPrimary, ""));
}

}  // namespace
}  // namespace pgsluice
