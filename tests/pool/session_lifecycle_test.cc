#include "pool/session_lifecycle.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using Action = ReturnDecision::Action;
using State = SessionState;

const absl::Time kNow = absl::FromUnixSeconds(1000);
const absl::Time kLater = kNow + absl::Seconds(1);

constexpr State kStates[] = {State::kConnecting, State::kIdle, State::kLeased,
                             State::kMaintenance, State::kClosed};
constexpr TransactionStatus kTransactions[] = {
    TransactionStatus::kIdle, TransactionStatus::kActive,
    TransactionStatus::kInTransaction, TransactionStatus::kFailed,
    TransactionStatus::kUnknown};

TEST(SessionLifecycleTest, AllowsTheseMovesAndNoOthers) {
  const std::set<std::pair<State, State>> allowed = {
      {State::kConnecting, State::kIdle},    {State::kConnecting, State::kLeased},
      {State::kConnecting, State::kClosed},  {State::kIdle, State::kLeased},
      {State::kIdle, State::kMaintenance},   {State::kIdle, State::kClosed},
      {State::kLeased, State::kIdle},        {State::kLeased, State::kLeased},
      {State::kLeased, State::kMaintenance}, {State::kLeased, State::kClosed},
      {State::kMaintenance, State::kIdle},   {State::kMaintenance, State::kLeased},
      {State::kMaintenance, State::kClosed}};

  for (State from : kStates) {
    for (State to : kStates) {
      EXPECT_EQ(MayMove(from, to), allowed.contains({from, to}))
          << static_cast<int>(from) << " to " << static_cast<int>(to);
    }
  }
}

TEST(SessionLifecycleTest, NamesEveryCloseReasonDifferently) {
  std::set<std::string_view> names;

  for (int i = 0; i < static_cast<int>(CloseReason::kCount); ++i) {
    const std::string_view name = CloseReasonName(static_cast<CloseReason>(i));
    EXPECT_FALSE(name.empty()) << i;
    EXPECT_TRUE(names.insert(name).second) << name;
  }

  EXPECT_EQ(CloseReasonName(CloseReason::kPingFailed), "ping_failed");
  EXPECT_EQ(CloseReasonName(CloseReason::kConnectFailed), "connect_failed");
}

// Calls `check` with every combination of facts.
template <class Check>
void ForEachFacts(Check check) {
  for (int bits = 0; bits < 16; ++bits) {
    for (TransactionStatus transaction : kTransactions) {
      SessionFacts facts;
      facts.is_broken = (bits & 1) != 0;
      facts.has_statement_in_progress = (bits & 2) != 0;
      facts.needs_reset = (bits & 4) != 0;
      facts.had_uncertain_cancel = (bits & 8) != 0;
      facts.transaction = transaction;
      SCOPED_TRACE(testing::Message() << "bits " << bits << " transaction "
                                      << static_cast<int>(transaction));
      check(facts);
    }
  }
}

bool IsClean(const SessionFacts& facts) {
  return !facts.has_statement_in_progress && !facts.needs_reset &&
         !facts.had_uncertain_cancel && facts.transaction == TransactionStatus::kIdle;
}

TEST(SessionLifecycleTest, ClosesABrokenSessionBeforeAnythingElse) {
  ForEachFacts([](SessionFacts facts) {
    facts.is_broken = true;
    const ReturnDecision decision = DecideOnReturn(facts, kNow, 5, 5, true, kNow);
    EXPECT_EQ(decision.action, Action::kClose);
    EXPECT_EQ(decision.reason, CloseReason::kBroken);
  });
}

// Closing would leave the statement running on the server.
TEST(SessionLifecycleTest, SeesARunningStatementEndedWhateverComesAfter) {
  ForEachFacts([](SessionFacts facts) {
    if (facts.is_broken) return;
    facts.has_statement_in_progress = true;
    EXPECT_EQ(DecideOnReturn(facts, kNow, 5, 5, true, kNow).action, Action::kCleanUp);
    EXPECT_EQ(DecideOnReturn(facts, kLater, 1, 5, false, kNow).action, Action::kCleanUp);
  });
}

TEST(SessionLifecycleTest, ClosesForRetirementThenAgeThenUses) {
  ForEachFacts([](const SessionFacts& facts) {
    if (facts.is_broken || facts.has_statement_in_progress) return;
    struct Case {
      bool is_retired;
      bool is_old;
      bool is_worn;
      CloseReason reason;
    };
    for (const Case& c : {Case{true, true, true, CloseReason::kRetired},
                          Case{true, false, false, CloseReason::kRetired},
                          Case{false, true, true, CloseReason::kLifetime},
                          Case{false, true, false, CloseReason::kLifetime},
                          Case{false, false, true, CloseReason::kUses}}) {
      const ReturnDecision decision = DecideOnReturn(
          facts, c.is_old ? kNow : kLater, c.is_worn ? 5 : 4, 5, c.is_retired, kNow);
      EXPECT_EQ(decision.action, Action::kClose);
      EXPECT_EQ(decision.reason, c.reason);
    }
  });
}

// Invariant 5: nothing of an earlier caller reaches the next.
TEST(SessionLifecycleTest, KeepsOnlyWhatIsClean) {
  ForEachFacts([](const SessionFacts& facts) {
    if (facts.is_broken) return;
    EXPECT_EQ(DecideOnReturn(facts, kLater, 4, 5, false, kNow).action,
              IsClean(facts) ? Action::kKeep : Action::kCleanUp);
  });
}

TEST(SessionLifecycleTest, TakesZeroUsesForNoLimit) {
  EXPECT_EQ(DecideOnReturn(SessionFacts{}, kLater, 1u << 30, 0, false, kNow).action,
            Action::kKeep);
}

TEST(SessionLifecycleTest, PlansExactlyTheStepsThatTheFactsAskFor) {
  ForEachFacts([](const SessionFacts& facts) {
    const CleanUpPlan plan = PlanCleanUp(facts);
    EXPECT_EQ(plan.cancel_statement, facts.has_statement_in_progress);
    EXPECT_EQ(plan.fence, facts.has_statement_in_progress || facts.had_uncertain_cancel);
    EXPECT_EQ(plan.rollback, facts.transaction != TransactionStatus::kIdle);
    EXPECT_EQ(plan.reset, facts.needs_reset);
  });
}

TEST(SessionLifecycleTest, PlansSomethingForWhateverIsNotClean) {
  ForEachFacts([](const SessionFacts& facts) {
    const CleanUpPlan plan = PlanCleanUp(facts);
    EXPECT_EQ(plan.cancel_statement || plan.fence || plan.rollback || plan.reset,
              !IsClean(facts));
  });
}

TEST(SessionLifecycleTest, SpreadsExpiriesOverTheJitter) {
  const absl::Duration lifetime = absl::Minutes(30);

  EXPECT_EQ(ExpiryOf(kNow, lifetime, 0.1, 0), kNow + lifetime);
  EXPECT_EQ(ExpiryOf(kNow, lifetime, 0.1, 0.5), kNow + lifetime * 0.95);
  EXPECT_EQ(ExpiryOf(kNow, lifetime, 0.1, 1), kNow + lifetime * 0.9);
  EXPECT_EQ(ExpiryOf(kNow, lifetime, 0, 0.7), kNow + lifetime);
}

TEST(SessionLifecycleTest, NeverExpiresWithoutALifetime) {
  EXPECT_EQ(ExpiryOf(kNow, absl::ZeroDuration(), 0.1, 0.5), absl::InfiniteFuture());
}

}  // namespace
}  // namespace pgsluice
