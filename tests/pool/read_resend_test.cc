#include "pool/read_resend.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"

#include "pool/error.h"

namespace pgsluice {
namespace {

constexpr ResendOptions kTenPercent = {.percent = 10, .burst = 2};

absl::Status Said(std::string_view sqlstate, std::string_view severity, Role role,
                  Phase phase = Phase::kRead, StopReason stop = StopReason::kNone) {
  return PostgresError(
      {.sqlstate = std::string(sqlstate), .severity = std::string(severity)},
      {.endpoint = "e", .role = role, .phase = phase, .stop_reason = stop});
}

TEST(MaySucceedElsewhereTest, KnowsWhatSaysNothingAboutTheReadItself) {
  const ErrorContext read = {.endpoint = "e", .phase = Phase::kRead};
  const ErrorContext stopped = {
      .endpoint = "e", .phase = Phase::kRead, .stop_reason = StopReason::kDeadline};
  const struct {
    std::string_view what;
    absl::Status failure;
    Role role;
    bool want;
  } cases[] = {
      {"end of file", SessionLost(read, true, "eof"), Role::kReplica, true},
      {"end of file, unsent", SessionLost(read, false, "eof"), Role::kReplica, true},
      {"on the primary", SessionLost(read, true, "eof"), Role::kPrimary, true},
      {"terminated", Said("57P01", "FATAL", Role::kReplica), Role::kReplica, true},
      {"crashed", Said("57P02", "FATAL", Role::kPrimary), Role::kPrimary, true},
      {"starting", Said("57P03", "FATAL", Role::kReplica), Role::kReplica, true},
      {"connection", Said("08006", "FATAL", Role::kReplica), Role::kReplica, true},
      {"conflict", Said("40001", "ERROR", Role::kReplica), Role::kReplica, true},
      {"conflict, ended", Said("40001", "FATAL", Role::kReplica), Role::kReplica, true},
      {"buffer deadlock", Said("40P01", "ERROR", Role::kReplica), Role::kReplica, true},
      {"not a conflict", Said("40001", "ERROR", Role::kPrimary), Role::kPrimary, false},
      {"a deadlock", Said("40P01", "ERROR", Role::kPrimary), Role::kPrimary, false},
      {"another server's end", Said("57P01", "ERROR", Role::kReplica), Role::kReplica,
       false},
      {"canceled", Said("57014", "ERROR", Role::kReplica), Role::kReplica, false},
      {"at its deadline",
       Said("57014", "ERROR", Role::kReplica, Phase::kRead, StopReason::kDeadline),
       Role::kReplica, false},
      {"stopped", StoppedUnfinished(stopped), Role::kReplica, false},
      {"stopped early", StoppedBeforeStart(StopReason::kDeadline), Role::kReplica, false},
      {"shutdown", StoppedBeforeStart(StopReason::kDraining), Role::kReplica, false},
      {"unsure", Said("08007", "FATAL", Role::kReplica), Role::kReplica, false},
      {"dropped database", Said("57P04", "FATAL", Role::kReplica), Role::kReplica, false},
      {"wrong", Said("42601", "ERROR", Role::kReplica), Role::kReplica, false},
      {"read only", Said("25006", "ERROR", Role::kReplica), Role::kReplica, false},
      {"too large", ResultTooLarge("max_rows", 1), Role::kReplica, false},
      {"queue", QueueFull("e", 1), Role::kReplica, false},
      {"well", absl::OkStatus(), Role::kReplica, false},
      // Were they asked about, against the rules.
      {"write", Said("57P01", "FATAL", Role::kPrimary, Phase::kAutocommit),
       Role::kPrimary, false},
      {"transaction", Said("57P01", "FATAL", Role::kPrimary, Phase::kTransaction),
       Role::kPrimary, false},
      {"commit", Said("57P01", "FATAL", Role::kPrimary, Phase::kCommit), Role::kPrimary,
       false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(MaySucceedElsewhere(c.failure, c.role), c.want) << c.what << c.failure;
  }
}

TEST(ResendBudgetTest, IsFullAtFirst) {
  ResendBudget budget;
  budget.Earn(kTenPercent);

  EXPECT_TRUE(budget.Spend(kTenPercent));
  EXPECT_TRUE(budget.Spend(kTenPercent));
  EXPECT_FALSE(budget.Spend(kTenPercent));
}

TEST(ResendBudgetTest, EarnsOneForTenReads) {
  ResendBudget budget;
  budget.Earn(kTenPercent);
  while (budget.Spend(kTenPercent)) continue;

  for (int i = 0; i < 9; ++i) budget.Earn(kTenPercent);
  EXPECT_FALSE(budget.Spend(kTenPercent));
  budget.Earn(kTenPercent);
  EXPECT_TRUE(budget.Spend(kTenPercent));
  EXPECT_FALSE(budget.Spend(kTenPercent));
}

TEST(ResendBudgetTest, SavesUpNoMoreThanABurst) {
  ResendBudget budget;
  for (int i = 0; i < 1000; ++i) budget.Earn(kTenPercent);

  EXPECT_TRUE(budget.Spend(kTenPercent));
  EXPECT_TRUE(budget.Spend(kTenPercent));
  EXPECT_FALSE(budget.Spend(kTenPercent));
}

TEST(ResendBudgetTest, NeverSendsMoreThanItsShareWhenEveryReadFails) {
  ResendBudget budget;
  int spent = 0;
  for (int i = 0; i < 10000; ++i) {
    budget.Earn(kTenPercent);
    if (budget.Spend(kTenPercent)) ++spent;
  }

  EXPECT_LE(spent, 1000 + 2);
  EXPECT_GE(spent, 1000);
}

TEST(ResendBudgetTest, FollowsItsOptions) {
  ResendBudget budget;
  constexpr ResendOptions kOff = {.percent = 0, .burst = 2};
  constexpr ResendOptions kAll = {.percent = 100, .burst = 1};

  budget.Earn(kOff);
  EXPECT_FALSE(budget.Spend(kOff));
  budget.Earn(kAll);
  EXPECT_TRUE(budget.Spend(kAll));
  EXPECT_FALSE(budget.Spend(kAll));
  budget.Earn(kAll);
  EXPECT_TRUE(budget.Spend(kAll));
}

}  // namespace
}  // namespace pgsluice
