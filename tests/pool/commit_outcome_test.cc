#include "pool/commit_outcome.h"

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

constexpr uint64_t kSwitch = 0x3028878;

CommitEvidence Evidence(uint64_t lsn) {
  return {.system_identifier = "7001",
          .timeline = 1,
          .transaction_id = 725,
          .note = "a note",
          .lsn = lsn,
          .incarnation = "run 1"};
}

ResolutionFacts SameRun(XactStatus status) {
  return {.system_identifier = "7001",
          .timeline = 1,
          .switch_lsn = {},
          .incarnation = "run 1",
          .note = NoteInWal::kUnread,
          .status = status};
}
ResolutionFacts AfterRestart(NoteInWal note, XactStatus status) {
  ResolutionFacts facts = SameRun(status);
  facts.incarnation = "run 2";
  facts.note = note;
  return facts;
}
ResolutionFacts AfterFailover(NoteInWal note, XactStatus status,
                              std::optional<uint64_t> switch_lsn = kSwitch) {
  ResolutionFacts facts = AfterRestart(note, status);
  facts.timeline = 2;
  facts.switch_lsn = switch_lsn;
  return facts;
}

struct StatusCase {
  XactStatus status;
  CommitOutcome outcome;
  bool is_pending;
};
constexpr StatusCase kByStatus[] = {
    {XactStatus::kCommitted, CommitOutcome::kCommitted, false},
    {XactStatus::kAborted, CommitOutcome::kAborted, false},
    {XactStatus::kInProgress, CommitOutcome::kUnknown, true},
    {XactStatus::kForgotten, CommitOutcome::kUnknown, false},
    {XactStatus::kFuture, CommitOutcome::kUnknown, false},
};

void ExpectByStatus(const CommitVerdict& verdict, const StatusCase& one) {
  EXPECT_EQ(verdict.outcome, one.outcome) << static_cast<int>(one.status);
  EXPECT_EQ(verdict.is_pending, one.is_pending) << static_cast<int>(one.status);
  EXPECT_FALSE(verdict.reason.empty());
}

TEST(JudgeCommit, BelievesTheServerThatHasNotStartedAnew) {
  for (const StatusCase& one : kByStatus) {
    ExpectByStatus(JudgeCommit(Evidence(100), SameRun(one.status)), one);
  }
  EXPECT_FALSE(WantsNote(Evidence(100), SameRun(XactStatus::kCommitted)));
  EXPECT_TRUE(IsSameTransaction(Evidence(100), SameRun(XactStatus::kInProgress)));
}

// The id is the transaction's where its note is: else a crash may have given it away.
TEST(JudgeCommit, AfterARestartBelievesTheNote) {
  EXPECT_TRUE(WantsNote(Evidence(100), AfterRestart({}, XactStatus::kCommitted)));
  for (const StatusCase& one : kByStatus) {
    const auto facts = AfterRestart(NoteInWal::kPresent, one.status);
    ExpectByStatus(JudgeCommit(Evidence(100), facts), one);
    EXPECT_TRUE(IsSameTransaction(Evidence(100), facts));
  }
  for (const StatusCase& one : kByStatus) {
    const auto lost = AfterRestart(NoteInWal::kAbsent, one.status);
    EXPECT_EQ(JudgeCommit(Evidence(100), lost).outcome, CommitOutcome::kAborted);
    EXPECT_FALSE(IsSameTransaction(Evidence(100), lost));
    const auto unread = AfterRestart(NoteInWal::kUnread, one.status);
    EXPECT_EQ(JudgeCommit(Evidence(100), unread).outcome, CommitOutcome::kUnknown);
    EXPECT_FALSE(JudgeCommit(Evidence(100), unread).is_pending);
    EXPECT_FALSE(IsSameTransaction(Evidence(100), unread));
    EXPECT_TRUE(
        JudgeCommit(Evidence(100), AfterRestart(NoteInWal::kNotOnDisk, one.status))
            .is_pending);
  }
}

TEST(JudgeCommit, TakesAnUnknownRunForAnotherOne) {
  CommitEvidence evidence = Evidence(100);
  evidence.incarnation.clear();
  ResolutionFacts facts = SameRun(XactStatus::kCommitted);
  facts.incarnation.clear();

  EXPECT_TRUE(WantsNote(evidence, facts));
  EXPECT_EQ(JudgeCommit(evidence, facts).outcome, CommitOutcome::kUnknown);
}

// The three transactions of the laboratory: switch at 0/3028878, all three reported as
// "committed" or "aborted" by pg_xact_status, one of them wrongly.
TEST(JudgeCommit, KnowsReplicatedFromLost) {
  EXPECT_EQ(JudgeCommit(Evidence(0x3028728),
                        AfterFailover(NoteInWal::kPresent, XactStatus::kCommitted))
                .outcome,
            CommitOutcome::kCommitted);
  EXPECT_EQ(JudgeCommit(Evidence(0x30287D0),
                        AfterFailover(NoteInWal::kPresent, XactStatus::kAborted))
                .outcome,
            CommitOutcome::kAborted);
  EXPECT_EQ(JudgeCommit(Evidence(0x3028920),
                        AfterFailover(NoteInWal::kUnread, XactStatus::kCommitted))
                .outcome,
            CommitOutcome::kAborted)
      << "another transaction has its id there";
}

TEST(JudgeCommit, DecidesAtTheSwitchItself) {
  const auto facts = AfterFailover(NoteInWal::kPresent, XactStatus::kCommitted);
  EXPECT_EQ(JudgeCommit(Evidence(kSwitch), facts).outcome, CommitOutcome::kCommitted);
  EXPECT_TRUE(WantsNote(Evidence(kSwitch), facts));
  EXPECT_EQ(JudgeCommit(Evidence(kSwitch + 1), facts).outcome, CommitOutcome::kAborted);
  EXPECT_FALSE(WantsNote(Evidence(kSwitch + 1), facts));
}

// The old primary had crashed before it was left: another record is where the note was.
TEST(JudgeCommit, AfterACrashAndAFailoverBelievesTheNote) {
  EXPECT_EQ(JudgeCommit(Evidence(100),
                        AfterFailover(NoteInWal::kAbsent, XactStatus::kCommitted))
                .outcome,
            CommitOutcome::kAborted);
  EXPECT_EQ(JudgeCommit(Evidence(100),
                        AfterFailover(NoteInWal::kUnread, XactStatus::kCommitted))
                .outcome,
            CommitOutcome::kUnknown);
}

TEST(JudgeCommit, NeverGuesses) {
  const auto without_history =
      AfterFailover(NoteInWal::kUnread, XactStatus::kCommitted, std::nullopt);
  EXPECT_EQ(JudgeCommit(Evidence(100), without_history).outcome, CommitOutcome::kUnknown);
  EXPECT_FALSE(WantsNote(Evidence(100), without_history));
  const auto in_progress = AfterFailover(NoteInWal::kPresent, XactStatus::kInProgress);
  EXPECT_EQ(JudgeCommit(Evidence(100), in_progress).outcome, CommitOutcome::kUnknown);
  EXPECT_FALSE(JudgeCommit(Evidence(100), in_progress).is_pending);
  EXPECT_FALSE(IsSameTransaction(Evidence(100), in_progress));

  ResolutionFacts stranger = SameRun(XactStatus::kCommitted);
  stranger.system_identifier = "7002";
  EXPECT_EQ(JudgeCommit(Evidence(100), stranger).outcome, CommitOutcome::kUnknown);
  EXPECT_FALSE(WantsNote(Evidence(100), stranger));
  EXPECT_FALSE(IsSameTransaction(Evidence(100), stranger));

  CommitEvidence later = Evidence(100);
  later.timeline = 3;
  EXPECT_EQ(JudgeCommit(later, AfterFailover(NoteInWal::kPresent, XactStatus::kCommitted))
                .outcome,
            CommitOutcome::kUnknown);

  CommitEvidence without_id = Evidence(100);
  without_id.transaction_id = 0;
  EXPECT_EQ(JudgeCommit(without_id, SameRun(XactStatus::kCommitted)).outcome,
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
