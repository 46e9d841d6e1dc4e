// Every error of the gateway is made here. An error is an absl::Status whose payload
// (ErrorDetails) says who is to blame and what the caller may do next;
// server/convert/status puts both on the wire. Made in error.cc, but for what PostgreSQL
// reported (error_postgres.cc), lost sessions (error_lost.cc), stopped calls
// (error_stop.cc) and idempotency keys (error_idempotency.cc).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "pool/commit_outcome.h"
#include "pool/endpoint.h"
#include "pool/stop_signal.h"

namespace pgsluice {

// Whose fault it is: decides what happens to the session and its endpoint.
enum class Blame {
  kStatement,  // The session stays good.
  kSession,    // The session is closed.
  kEndpoint,   // The session is closed and the endpoint probed at once.
};

// What became of the statement or transaction.
enum class Outcome { kNotStarted, kRolledBack, kUnknown };

// What may be sent again.
enum class RetryScope { kNever, kStatement, kTransaction, kResolveFirst };

// Error fields as PostgreSQL sends them; empty when absent.
struct PostgresFields {
  std::string sqlstate = {};
  std::string severity = {};
  std::string message = {};
  std::string detail = {};  // May hold row data.
  std::string hint = {};
  int position = 0;  // In characters, from 1; 0: none.
  std::string context = {};
  std::string schema = {};
  std::string table = {};
  std::string column = {};
  std::string datatype = {};
  std::string constraint = {};
};

struct ErrorDetails {
  // Upper-case constant: the condition's name (UNIQUE_VIOLATION) or our own
  // (QUEUE_FULL).
  std::string reason = {};
  Blame blame = Blame::kStatement;
  Outcome outcome = Outcome::kNotStarted;
  RetryScope retry_scope = RetryScope::kNever;
  std::optional<absl::Duration> retry_delay = {};
  // Path of the request's field that is wrong ("statement.parameters[2]"); empty: none.
  std::string field = {};
  // What PostgreSQL said; absent for our own errors.
  std::optional<PostgresFields> postgres = {};
  // Names the transaction whose commit is in doubt, if that is known.
  std::optional<CommitEvidence> commit = {};
  // The call had an idempotency key: the same request takes effect at most once.
  bool is_safe_with_key = false;
};

// Reason of an error at connect that is the fault of the gateway's own credentials.
inline constexpr std::string_view kBackendAuthFailed = "BACKEND_AUTH_FAILED";

// Delays to ask for: after what passes by itself, and after what takes its time.
inline constexpr absl::Duration kRetrySoon = absl::Milliseconds(100);
inline constexpr absl::Duration kRetryLater = absl::Seconds(1);

absl::Status MakeError(absl::StatusCode code, std::string_view message,
                       const ErrorDetails& details);
// Absent when `status` was not made here.
std::optional<ErrorDetails> DetailsOf(const absl::Status& status);

// What was going on when an error came: the same SQLSTATE means different things.
enum class Phase {
  kConnect,      // No session yet: nothing was sent.
  kAutocommit,   // A single statement was sent, with intent write.
  kRead,         // A single statement was sent, with intent read.
  kUncommitted,  // A single write was sent in a transaction of its own, no COMMIT yet.
  kTransaction,  // Inside a transaction, before COMMIT.
  kCommit,       // COMMIT was sent.
};

struct ErrorContext {
  std::string_view endpoint = {};
  Role role = Role::kUnknown;
  Phase phase = Phase::kAutocommit;
  // Why we asked PostgreSQL to cancel, if we did: decides what 57014 means.
  StopReason stop_reason = StopReason::kNone;
};

// An error that PostgreSQL reported, by the table in error_table.h.
absl::Status PostgresError(const PostgresFields& fields, const ErrorContext& context);
// The session broke (end of file, reset, time-out) without a last word of the server.
// `statement_sent`: whether bytes of the statement may have left.
absl::Status SessionLost(const ErrorContext& context, bool statement_sent,
                         std::string_view cause);
// The call stopped (context.stop_reason) while a statement was running, and its end was
// not seen.
absl::Status StoppedUnfinished(const ErrorContext& context);
// No connection could be made. `cause` is libpq's text, free of secrets.
absl::Status ConnectFailed(std::string_view endpoint, std::string_view cause);

// Gateway-made.
absl::Status InvalidRequest(std::string_view field, std::string_view description);
absl::Status QueueFull(std::string_view endpoint, size_t waiters);
// The wait for a session would be longer than what is left of the call's time.
absl::Status WouldWaitTooLong(std::string_view endpoint, absl::Duration wait,
                              absl::Duration left);
absl::Status TooManyCalls(size_t limit);
// Whether a connect failed because the server has no room for another session (53300).
bool IsServerFull(const absl::Status& status);
// `last_failure`: why no session could be opened meanwhile; OK when all were busy.
absl::Status AcquireTimeout(std::string_view endpoint, absl::Duration waited,
                            const absl::Status& last_failure);
// The wait for a session ended while the pool was paused.
absl::Status PoolPaused(std::string_view endpoint, absl::Duration waited);
absl::Status NoEndpoint(Role wanted, std::string_view why);
// There was a primary not long ago, and too many calls wait for the next one already.
absl::Status FailoverBufferFull(size_t size, std::string_view why);
// None has come while the call waited.
absl::Status PrimaryAwaitedInVain(absl::Duration waited, std::string_view why);
// Of a named login: it may not be used with the endpoint, or it is gone since a reload.
absl::Status LoginRefused(std::string_view endpoint, std::string_view login,
                          std::string_view why);
absl::Status NoSuchLogin(std::string_view login);
absl::Status Draining();
// Of a reload; `why` has one error a line.
absl::Status ConfigRefused(std::string_view why);
absl::Status NoSuchEndpoint(std::string_view endpoint, std::string_view known);
// A pool that was to go on is held back by another pause.
absl::Status StillPaused(std::string_view endpoint, std::string_view by);
// The call stopped before a statement was sent (waiting for a session, say).
absl::Status StoppedBeforeStart(StopReason reason);
// A stream ended between two messages: what it sent is not a result.
absl::Status StreamStopped(StopReason reason, Phase phase);
absl::Status ResultTooLarge(std::string_view limit_name, uint64_t limit);
// `error` ended the reading of a result, but the statement has taken effect all the same.
absl::Status DespiteEffect(const absl::Status& error);
// Reason of the next one.
inline constexpr std::string_view kPreparedOutdated = "PREPARED_OUTDATED";
// `error`: a statement that the gateway had prepared is gone (26000), or returns another
// type since its table was changed (0A000), and could not be sent again within what it is
// part of. Another try prepares it anew.
absl::Status PreparedOutdated(const absl::Status& error, Phase phase);
// The gateway ended an open transaction between two requests: it is rolled back.
absl::Status TransactionStopped(StopReason reason);
absl::Status TransactionEnded(std::string_view reason, std::string_view why);
// `error` ended a transaction that its caller knows as one statement: what may be sent
// again is that one.
absl::Status OfSingleStatement(const absl::Status& error);
absl::Status TransactionMisuse(std::string_view what);
// Refused before it was sent: transaction control as SQL, COPY, LISTEN, empty.
// Not run, since a statement before it in the same flight failed.
absl::Status Skipped();
bool WasSkipped(const absl::Status& status);
absl::Status StatementRefused(std::string_view reason, std::string_view what);
absl::Status Internal(std::string_view what);

// `error` left a commit in doubt, and the primary has been asked: it was rolled back, or
// that could not be found out, because of `reason`.
absl::Status FoundAborted(const absl::Status& error, std::string_view reason);
absl::Status StillInDoubt(const absl::Status& error, const CommitEvidence& commit,
                          std::string_view reason);

}  // namespace pgsluice
