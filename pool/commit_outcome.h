// What became of a transaction whose COMMIT was sent and not answered. Rules file.
//
// A transaction id alone does not tell: after a failover the new primary gives the same
// ids to other transactions, and pg_xact_status then speaks of those. So the gateway
// notes, before it sends COMMIT, on which cluster and timeline and up to which WAL
// position the transaction had got; where that position is beyond the point at which a
// later timeline left that one, the commit cannot be part of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace pgsluice {

// Noted on the transaction's own session before COMMIT is sent.
struct CommitEvidence {
  std::string system_identifier;
  uint32_t timeline = 0;
  uint64_t transaction_id = 0;  // xid8.
  // End of a WAL record that the transaction wrote itself, in bytes: where it was
  // replayed, its id is taken.
  uint64_t lsn = 0;
};

// pg_xact_status, as the primary of today answers.
enum class XactStatus {
  kCommitted,
  kAborted,
  kInProgress,
  kForgotten,  // Null: too old.
  kFuture,     // It has not got that far.
};

// What the node now accepted as the primary says.
struct ResolutionFacts {
  std::string system_identifier;
  uint32_t timeline = 0;
  // Where the evidence's timeline ended, by the history of today's; absent when that is
  // the same timeline, does not descend from it, or cannot be read.
  std::optional<uint64_t> switch_lsn;
  XactStatus status = XactStatus::kForgotten;
};

// What to do about a transaction that is still in progress on the server.
enum class IfInProgress {
  kLeave,
  // Its client is gone: ends its backend. A commit that only waits for a standby stays
  // one.
  kTerminate,
};

enum class CommitOutcome { kCommitted, kAborted, kUnknown };

struct CommitVerdict {
  CommitOutcome outcome = CommitOutcome::kUnknown;
  // True: not decided yet, ask again.
  bool is_pending = false;
  // One clause that completes "the outcome is ... because".
  std::string_view reason;
};

CommitVerdict JudgeCommit(const CommitEvidence& evidence, const ResolutionFacts& facts);

// Where timeline `timeline` ended, in the text of a PostgreSQL timeline history file
// ("1\t0/3028878\tno recovery target specified"); absent when it is not named.
std::optional<uint64_t> SwitchPointOf(std::string_view history, uint32_t timeline);
// "0/3028878" as a number; absent when it is none.
std::optional<uint64_t> ParseLsn(std::string_view text);

}  // namespace pgsluice
