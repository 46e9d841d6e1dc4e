#include "pool/alert_rules.h"

#include <vector>

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

constexpr AlertLevel kUnknown = AlertLevel::kUnknown;
constexpr AlertLevel kGood = AlertLevel::kGood;
constexpr AlertLevel kBetween = AlertLevel::kBetween;
constexpr AlertLevel kBad = AlertLevel::kBad;

AlertLevel Judge(AlertKind kind, const Sample& sample, double error_rate = 0,
                 size_t failures = 0) {
  return LevelOf(kind, AlertOptions{},
                 {.now = sample, .error_rate = error_rate, .failures = failures});
}

TEST(AlertRulesTest, WaitersAreBadAboveFiveAndGoodAtFour) {
  const std::vector<AlertLevel> expected = {kGood, kGood,    kGood, kGood,
                                            kGood, kBetween, kBad,  kBad};
  for (size_t waiting = 0; waiting < expected.size(); ++waiting) {
    Sample sample;
    sample.waiting = waiting;
    EXPECT_EQ(Judge(AlertKind::kWaiters, sample), expected[waiting]) << waiting;
  }
}

TEST(AlertRulesTest, NoIdleSessionIsBadOnlyInAPoolThatCannotGrow) {
  const struct {
    const char* what;
    size_t total, idle, max_size;
    AlertLevel level;
  } cases[] = {
      {"no pool", 0, 0, 0, kGood},
      {"has shrunk to nothing", 0, 0, 10, kGood},
      {"all busy, may grow", 9, 0, 10, kGood},
      {"all busy, full", 10, 0, 10, kBad},
      {"one idle, full", 10, 1, 10, kBetween},
      {"two idle, full", 10, 2, 10, kGood},
      {"a pool of one, busy", 1, 0, 1, kBad},
      {"a pool of one, idle", 1, 1, 1, kGood},
      {"max_size was lowered", 12, 0, 10, kBad},
  };
  for (const auto& [what, total, idle, max_size, level] : cases) {
    Sample sample;
    sample.total = total;
    sample.idle = idle;
    sample.max_size = max_size;
    EXPECT_EQ(Judge(AlertKind::kIdle, sample), level) << what;
  }
}

TEST(AlertRulesTest, APoolSmallerThanMinIdleIsGoodWhenAllOfItIsIdle) {
  AlertOptions options;
  options.min_idle = 20;
  Sample sample;
  sample.total = sample.max_size = 10;
  for (const auto& [idle, level] : {std::pair{9, kBad}, std::pair{10, kGood}}) {
    sample.idle = idle;
    EXPECT_EQ(LevelOf(AlertKind::kIdle, options, {.now = sample}), level) << idle;
  }
}

TEST(AlertRulesTest, ResponseTimeIsBadAboveHalfASecondAndUnknownWithoutAnAnswer) {
  const std::pair<std::optional<absl::Duration>, AlertLevel> cases[] = {
      {std::nullopt, kUnknown},
      {absl::Milliseconds(1), kGood},
      {absl::Milliseconds(400), kGood},
      {absl::Milliseconds(401), kBetween},
      {absl::Milliseconds(500), kBetween},
      {absl::Milliseconds(501), kBad},
  };
  for (const auto& [response_time, level] : cases) {
    Sample sample;
    sample.response_time = response_time;
    EXPECT_EQ(Judge(AlertKind::kResponseTime, sample), level);
  }
}

TEST(AlertRulesTest, OneFailureAloneIsNoErrorRate) {
  const Sample sample;

  EXPECT_EQ(Judge(AlertKind::kErrorRate, sample, 0.0, 0), kGood);
  EXPECT_EQ(Judge(AlertKind::kErrorRate, sample, 1.0, 1), kBetween);
  EXPECT_EQ(Judge(AlertKind::kErrorRate, sample, 0.5, 2), kBad);
  EXPECT_EQ(Judge(AlertKind::kErrorRate, sample, 0.1, 10), kBetween);
  EXPECT_EQ(Judge(AlertKind::kErrorRate, sample, 0.08, 8), kGood);
}

TEST(AlertRulesTest, WaitAndLagAreMeasuredInSeconds) {
  Sample sample;
  sample.oldest_wait = absl::Milliseconds(1500);
  EXPECT_EQ(Judge(AlertKind::kOldestWait, sample), kBad);
  EXPECT_EQ(ValueOf(AlertKind::kOldestWait, {}, {.now = sample}).value, 1.5);
  EXPECT_EQ(ValueOf(AlertKind::kOldestWait, {}, {.now = sample}).threshold, 1);

  EXPECT_EQ(Judge(AlertKind::kLag, sample), kUnknown);
  sample.lag = absl::Seconds(31);
  EXPECT_EQ(Judge(AlertKind::kLag, sample), kBad);
  sample.lag = absl::ZeroDuration();
  EXPECT_EQ(Judge(AlertKind::kLag, sample), kGood);
}

TEST(AlertRulesTest, AThresholdOfZeroSwitchesAnAlertOff) {
  const AlertOptions none{.max_waiters = 0,
                          .min_idle = 0,
                          .max_response_time = absl::ZeroDuration(),
                          .max_error_rate = 0,
                          .max_oldest_wait = absl::ZeroDuration(),
                          .max_lag = absl::ZeroDuration()};
  for (const AlertKind kind : kAlertKinds) {
    EXPECT_TRUE(IsWatched(kind, AlertOptions{})) << AlertKindName(kind);
    EXPECT_FALSE(IsWatched(kind, none)) << AlertKindName(kind);
  }
}

}  // namespace
}  // namespace pgsluice
