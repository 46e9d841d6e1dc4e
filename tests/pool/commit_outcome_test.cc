#include "pool/commit_outcome.h"

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

constexpr uint64_t kSwitch = 0x3028878;

CommitEvidence Evidence(uint64_t lsn) {
  return {.system_identifier = "7001", .timeline = 1, .transaction_id = 725, .lsn = lsn};
}

ResolutionFacts Facts(uint32_t timeline, XactStatus status,
                      std::optional<uint64_t> switch_lsn = std::nullopt) {
  return {.system_identifier = "7001",
          .timeline = timeline,
          .switch_lsn = switch_lsn,
          .status = status};
}

// On the same timeline the primary's word holds.
TEST(JudgeCommit, BelievesTheTransactionsOwnTimeline) {
  struct Case {
    XactStatus status;
    CommitOutcome outcome;
    bool is_pending;
  };
  for (const Case& one : {
           Case{XactStatus::kCommitted, CommitOutcome::kCommitted, false},
           Case{XactStatus::kAborted, CommitOutcome::kAborted, false},
           Case{XactStatus::kInProgress, CommitOutcome::kUnknown, true},
           Case{XactStatus::kForgotten, CommitOutcome::kUnknown, false},
           Case{XactStatus::kFuture, CommitOutcome::kUnknown, false},
       }) {
    const CommitVerdict verdict = JudgeCommit(Evidence(100), Facts(1, one.status));
    EXPECT_EQ(verdict.outcome, one.outcome) << static_cast<int>(one.status);
    EXPECT_EQ(verdict.is_pending, one.is_pending) << static_cast<int>(one.status);
    EXPECT_FALSE(verdict.reason.empty());
  }
}

// The three transactions of the laboratory: switch at 0/3028878, all three reported as
// "committed" or "aborted" by pg_xact_status, one of them wrongly.
TEST(JudgeCommit, KnowsReplicatedFromLost) {
  EXPECT_EQ(
      JudgeCommit(Evidence(0x3028728), Facts(2, XactStatus::kCommitted, kSwitch)).outcome,
      CommitOutcome::kCommitted);
  EXPECT_EQ(
      JudgeCommit(Evidence(0x30287D0), Facts(2, XactStatus::kAborted, kSwitch)).outcome,
      CommitOutcome::kAborted);
  EXPECT_EQ(
      JudgeCommit(Evidence(0x3028920), Facts(2, XactStatus::kCommitted, kSwitch)).outcome,
      CommitOutcome::kAborted)
      << "another transaction has its id there";
}

TEST(JudgeCommit, DecidesAtTheSwitchItself) {
  EXPECT_EQ(
      JudgeCommit(Evidence(kSwitch), Facts(2, XactStatus::kCommitted, kSwitch)).outcome,
      CommitOutcome::kCommitted);
  EXPECT_EQ(JudgeCommit(Evidence(kSwitch + 1), Facts(2, XactStatus::kCommitted, kSwitch))
                .outcome,
            CommitOutcome::kAborted);
}

TEST(JudgeCommit, NeverGuesses) {
  EXPECT_EQ(JudgeCommit(Evidence(100), Facts(2, XactStatus::kCommitted)).outcome,
            CommitOutcome::kUnknown)
      << "without the history";
  EXPECT_EQ(
      JudgeCommit(Evidence(100), Facts(2, XactStatus::kInProgress, kSwitch)).outcome,
      CommitOutcome::kUnknown);
  EXPECT_FALSE(
      JudgeCommit(Evidence(100), Facts(2, XactStatus::kInProgress, kSwitch)).is_pending);

  ResolutionFacts stranger = Facts(1, XactStatus::kCommitted);
  stranger.system_identifier = "7002";
  EXPECT_EQ(JudgeCommit(Evidence(100), stranger).outcome, CommitOutcome::kUnknown);

  CommitEvidence later = Evidence(100);
  later.timeline = 3;
  EXPECT_EQ(JudgeCommit(later, Facts(2, XactStatus::kCommitted, kSwitch)).outcome,
            CommitOutcome::kUnknown);

  CommitEvidence without_id = Evidence(100);
  without_id.transaction_id = 0;
  EXPECT_EQ(JudgeCommit(without_id, Facts(1, XactStatus::kCommitted)).outcome,
            CommitOutcome::kUnknown);
}

TEST(SwitchPointOf, ReadsAHistoryFile) {
  constexpr std::string_view kHistory =
      "1\t0/3028878\tno recovery target specified\n"
      "\n"
      "2\t1/A0000028\tno recovery target specified\n";

  EXPECT_EQ(SwitchPointOf(kHistory, 1), 0x3028878U);
  EXPECT_EQ(SwitchPointOf(kHistory, 2), 0x1A0000028U);
  EXPECT_EQ(SwitchPointOf(kHistory, 3), std::nullopt);
  EXPECT_EQ(SwitchPointOf("", 1), std::nullopt);
  EXPECT_EQ(SwitchPointOf("1", 1), std::nullopt);
  EXPECT_EQ(SwitchPointOf("1\tnonsense\tx", 1), std::nullopt);
  EXPECT_EQ(SwitchPointOf("# 1\t0/1\n11\t0/2\n", 1), std::nullopt);
}

TEST(ParseLsn, RefusesWhatIsNone) {
  EXPECT_EQ(ParseLsn("FFFFFFFF/FFFFFFFF"), UINT64_MAX);
  for (const char* text :
       {"", "/", "1", "1/", "/1", "g/1", "123456789/0", "0/123456789"}) {
    EXPECT_EQ(ParseLsn(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace pgsluice
