// What became of a transaction whose COMMIT was sent and not answered. Rules file.
//
// A transaction id alone does not tell: what a crash or a failover loses, the server does
// again otherwise, with the same ids and at the same WAL positions, and pg_xact_status
// then speaks of another transaction. So before it sends COMMIT the gateway has the
// transaction write a note of its own into the WAL. As long as the server has not
// started anew, the id is the transaction's; later it is where the note is still in the
// WAL, and where it is not, the COMMIT behind it is not either.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

#include "pool/wal_position.h"

namespace pgsluice {

// Noted on the transaction's own session before COMMIT is sent.
struct CommitEvidence {
  std::string system_identifier;
  uint32_t timeline = 0;
  uint64_t transaction_id = 0;  // xid8.
  // Text of the note, nobody else's.
  std::string note;
  // End of the note's WAL record, in bytes.
  uint64_t lsn = 0;
  // Names a run of the server: another after each start and each crash. Empty: unknown.
  std::string incarnation;
};

// pg_xact_status, as the primary of today answers.
enum class XactStatus {
  kCommitted,
  kAborted,
  kInProgress,
  kForgotten,  // Null: too old.
  kFuture,     // It has not got that far.
};

// Whether the note is where the transaction wrote it, in the WAL of today's primary.
enum class NoteInWal {
  kUnread,  // Not looked for, or the file is gone or may not be read.
  kPresent,
  kAbsent,     // Something else is there, or nothing yet.
  kNotOnDisk,  // That far, the WAL has not reached the files: look again.
};

// What the node now accepted as the primary says.
struct ResolutionFacts {
  std::string system_identifier;
  uint32_t timeline = 0;
  // Where the evidence's timeline ended, by the history of today's; absent when that is
  // the same timeline, does not descend from it, or cannot be read.
  std::optional<uint64_t> switch_lsn;
  std::string incarnation;
  NoteInWal note = NoteInWal::kUnread;
  XactStatus status = XactStatus::kForgotten;
  // Where its WAL is now, on its timeline.
  uint64_t lsn = 0;
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

// Whether the server has not started anew since the note was written.
bool IsSameRun(const CommitEvidence& evidence, const ResolutionFacts& facts);
// Whether JudgeCommit wants to know of the note in the WAL.
bool WantsNote(const CommitEvidence& evidence, const ResolutionFacts& facts);
// Whether the transaction id still names the transaction, on its own timeline.
bool IsSameTransaction(const CommitEvidence& evidence, const ResolutionFacts& facts);

// Where timeline `timeline` ended, in the text of a PostgreSQL timeline history file
// ("1\t0/3028878\tno recovery target specified"); absent when it is not named.
std::optional<uint64_t> SwitchPointOf(std::string_view history, uint32_t timeline);
// "0/3028878" as a number; absent when it is none.
std::optional<uint64_t> ParseLsn(std::string_view text);

}  // namespace pgsluice
