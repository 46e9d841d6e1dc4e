#include "pool/commit_outcome.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace pgsluice {

namespace {

CommitVerdict Decided(CommitOutcome outcome, std::string_view reason) {
  return {.outcome = outcome, .is_pending = false, .reason = reason};
}

CommitVerdict Pending(std::string_view reason) {
  return {.outcome = CommitOutcome::kUnknown, .is_pending = true, .reason = reason};
}

// Where the transaction id still means the same transaction.
CommitVerdict ByStatus(const ResolutionFacts& facts) {
  switch (facts.status) {
    case XactStatus::kCommitted:
      return Decided(CommitOutcome::kCommitted, "PostgreSQL has recorded its commit");
    case XactStatus::kAborted:
      return Decided(CommitOutcome::kAborted, "PostgreSQL has recorded its rollback");
    case XactStatus::kInProgress: return Pending("it is still in progress");
    case XactStatus::kForgotten:
      return Decided(CommitOutcome::kUnknown,
                     "it is too old: PostgreSQL does not know its outcome any more");
    case XactStatus::kFuture:
      return Decided(CommitOutcome::kUnknown,
                     "the primary has not come to its transaction id");
  }
  return Decided(CommitOutcome::kUnknown, "the primary's answer makes no sense");
}

bool ParseHex(std::string_view text, uint64_t& number) {
  return !text.empty() && text.size() <= 8 &&
         absl::SimpleHexAtoi(absl::string_view(text.data(), text.size()), &number);
}

}  // namespace

bool IsSameRun(const CommitEvidence& evidence, const ResolutionFacts& facts) {
  return facts.system_identifier == evidence.system_identifier &&
         facts.timeline == evidence.timeline && !evidence.incarnation.empty() &&
         facts.incarnation == evidence.incarnation;
}

bool WantsNote(const CommitEvidence& evidence, const ResolutionFacts& facts) {
  if (facts.system_identifier != evidence.system_identifier) return false;
  if (evidence.note.empty() || IsSameRun(evidence, facts)) return false;
  if (facts.timeline == evidence.timeline) return true;
  return facts.switch_lsn.has_value() && evidence.lsn <= *facts.switch_lsn;
}

bool IsSameTransaction(const CommitEvidence& evidence, const ResolutionFacts& facts) {
  if (IsSameRun(evidence, facts)) return true;
  return facts.system_identifier == evidence.system_identifier &&
         facts.timeline == evidence.timeline && facts.note == NoteInWal::kPresent;
}

CommitVerdict JudgeCommit(const CommitEvidence& evidence, const ResolutionFacts& facts) {
  if (facts.system_identifier != evidence.system_identifier) {
    return Decided(CommitOutcome::kUnknown, "the primary belongs to another cluster");
  }
  if (evidence.transaction_id == 0) {
    return Decided(CommitOutcome::kUnknown, "it had no transaction id");
  }
  if (facts.timeline < evidence.timeline) {
    return Decided(CommitOutcome::kUnknown, "the primary is on an older timeline");
  }
  // There it may still be in progress: at its COMMIT, waiting for a synchronous standby.
  if (IsSameRun(evidence, facts)) return ByStatus(facts);
  const bool is_later = facts.timeline > evidence.timeline;
  if (is_later && !facts.switch_lsn.has_value()) {
    return Decided(CommitOutcome::kUnknown,
                   "the primary's timeline history does not tell where the transaction's "
                   "timeline ended, or may not be read");
  }
  if (is_later && evidence.lsn > *facts.switch_lsn) {
    return Decided(CommitOutcome::kAborted,
                   "it wrote beyond the point from which the primary's timeline goes on: "
                   "its commit is lost");
  }
  switch (facts.note) {
    case NoteInWal::kPresent: break;
    case NoteInWal::kAbsent:
      return Decided(CommitOutcome::kAborted,
                     "the primary has started anew without what it wrote last: its "
                     "commit is lost");
    case NoteInWal::kNotOnDisk: return Pending("its WAL is not on disk yet");
    case NoteInWal::kUnread:
      return Decided(CommitOutcome::kUnknown,
                     "the primary has started anew, and the transaction's WAL is gone, "
                     "or may not be read");
  }
  // Its id was replayed, so nobody else has been given it. A transaction that was in
  // progress at the switch has ended there, without a commit.
  if (is_later && facts.status == XactStatus::kInProgress) {
    return Decided(CommitOutcome::kUnknown,
                   "the primary holds its transaction id for one in progress");
  }
  return ByStatus(facts);
}

std::optional<uint64_t> ParseLsn(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  uint64_t high = 0;
  uint64_t low = 0;
  if (!ParseHex(text.substr(0, slash), high) || !ParseHex(text.substr(slash + 1), low)) {
    return std::nullopt;
  }
  return high << 32 | low;
}

std::optional<uint64_t> SwitchPointOf(std::string_view history, uint32_t timeline) {
  for (absl::string_view line :
       absl::StrSplit(absl::string_view(history.data(), history.size()), '\n')) {
    const std::vector<absl::string_view> fields =
        absl::StrSplit(line, absl::ByAnyChar("\t "), absl::SkipEmpty());
    uint32_t parent = 0;
    if (fields.size() < 2 || !absl::SimpleAtoi(fields[0], &parent)) continue;
    if (parent == timeline) return ParseLsn({fields[1].data(), fields[1].size()});
  }
  return std::nullopt;
}

}  // namespace pgsluice
