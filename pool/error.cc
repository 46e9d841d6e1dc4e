#include "pool/error.h"

#include "pool/error_table.h"
#include "pool/str_cat.h"

namespace pgsluice {

namespace {

using Code = absl::StatusCode;

constexpr absl::Duration kRetrySoon = absl::Milliseconds(100);
constexpr absl::Duration kRetryLater = absl::Seconds(1);
constexpr std::string_view kOutcomeUnknown = "OUTCOME_UNKNOWN";
constexpr std::string_view kTransactionLost = "TRANSACTION_LOST";

// PostgreSQL gives its own time-out the same SQLSTATE as every other cancel; only the
// text (of an English server) tells them apart.
constexpr std::string_view kStatementTimeout = "statement timeout";

bool MayHaveCommitted(Phase phase) {
  return phase == Phase::kAutocommit || phase == Phase::kCommit;
}

// The session is gone while something was under way.
ErrorDetails LostDetails(Phase phase) {
  ErrorDetails details{.reason = "SESSION_LOST", .blame = Blame::kEndpoint};
  switch (phase) {
    case Phase::kConnect:
      details.outcome = Outcome::kNotStarted;
      details.retry_scope = RetryScope::kStatement;
      details.retry_delay = kRetrySoon;
      break;
    case Phase::kRead:
      details.outcome = Outcome::kRolledBack;
      details.retry_scope = RetryScope::kStatement;
      details.retry_delay = kRetrySoon;
      break;
    case Phase::kTransaction:
      details.reason = kTransactionLost;
      details.outcome = Outcome::kRolledBack;
      details.retry_scope = RetryScope::kTransaction;
      details.retry_delay = kRetrySoon;
      break;
    case Phase::kAutocommit:
    case Phase::kCommit:
      details.reason = kOutcomeUnknown;
      details.outcome = Outcome::kUnknown;
      details.retry_scope = RetryScope::kResolveFirst;
      break;
  }
  return details;
}

Code LostCode(Phase phase) {
  switch (phase) {
    case Phase::kConnect:
    case Phase::kRead: return Code::kUnavailable;
    case Phase::kTransaction: return Code::kAborted;
    case Phase::kAutocommit:
    case Phase::kCommit: return Code::kUnknown;
  }
  return Code::kUnknown;
}

std::string_view WhatWasUnderWay(Phase phase) {
  switch (phase) {
    case Phase::kConnect: return "before anything was sent";
    case Phase::kRead: return "while a read was running";
    case Phase::kTransaction: return "inside a transaction, which is rolled back";
    case Phase::kAutocommit:
      return "while a statement was running; it may have been committed or not";
    case Phase::kCommit: return "during COMMIT; it may have taken effect or not";
  }
  return "";
}

std::string_view WhyStopped(StopReason reason) {
  switch (reason) {
    case StopReason::kNone: return "it was stopped";
    case StopReason::kCancelled: return "the caller cancelled it";
    case StopReason::kDeadline: return "its deadline passed";
    case StopReason::kTimeout: return "its statement_timeout passed";
    case StopReason::kStalled: return "the caller does not read its stream";
    case StopReason::kDraining: return "the gateway is shutting down";
  }
  return "";
}

Code StopCode(StopReason reason) {
  switch (reason) {
    case StopReason::kNone: return Code::kAborted;
    case StopReason::kCancelled:
    case StopReason::kStalled: return Code::kCancelled;
    case StopReason::kDeadline:
    case StopReason::kTimeout: return Code::kDeadlineExceeded;
    case StopReason::kDraining: return Code::kUnavailable;
  }
  return Code::kAborted;
}

std::string StopName(StopReason reason) {
  switch (reason) {
    case StopReason::kNone:
    case StopReason::kCancelled: return "CANCELLED";
    case StopReason::kDeadline: return "DEADLINE_EXCEEDED";
    case StopReason::kTimeout: return "STATEMENT_TIMEOUT";
    case StopReason::kStalled: return "READER_STALLED";
    case StopReason::kDraining: return "DRAINING";
  }
  return "CANCELLED";
}

// 57014: decided by who asked for it. None: somebody else (pg_cancel_backend).
StopReason WhoCancelled(const PostgresFields& fields, const ErrorContext& context) {
  if (context.stop_reason != StopReason::kNone) return context.stop_reason;
  const bool is_timeout = fields.message.find(kStatementTimeout) != std::string::npos;
  return is_timeout ? StopReason::kTimeout : StopReason::kNone;
}

absl::Status Canceled(StopReason reason, ErrorDetails details) {
  details.retry_scope = RetryScope::kNever;
  details.reason = StopName(reason);
  return MakeError(StopCode(reason),
                   StrCat("the statement was cancelled: ", WhyStopped(reason)), details);
}

}  // namespace

absl::Status PostgresError(const PostgresFields& fields, const ErrorContext& context) {
  const ErrorRule rule = RuleFor(fields.sqlstate);
  ErrorDetails details;
  details.reason =
      std::string(rule.reason.empty() ? ConditionName(fields.sqlstate) : rule.reason);
  if (details.reason.empty()) details.reason = StrCat("SQLSTATE_", fields.sqlstate);
  details.blame = rule.blame;
  details.outcome =
      context.phase == Phase::kConnect ? Outcome::kNotStarted : Outcome::kRolledBack;
  details.retry_scope = rule.retry;
  details.postgres = fields;

  if (fields.sqlstate == "57014") {
    const StopReason reason = WhoCancelled(fields, context);
    if (reason != StopReason::kNone) return Canceled(reason, std::move(details));
  }
  if (fields.sqlstate == "25006" && context.role == Role::kPrimary &&
      context.phase == Phase::kAutocommit) {
    // A primary that refuses writes is one no more: look at it again. Nothing ran.
    details.blame = Blame::kEndpoint;
    details.retry_scope = RetryScope::kStatement;
    details.retry_delay = kRetryLater;
    return MakeError(
        Code::kUnavailable,
        StrCat(context.endpoint, " does not accept writes any more: ", fields.message),
        details);
  }
  if (rule.retry == RetryScope::kResolveFirst) details.outcome = Outcome::kUnknown;

  // A server that goes away with a statement under way leaves more open than the table
  // can say. One that merely reports the same of another (dblink, postgres_fdw) has
  // survived it: nothing is lost but the statement.
  const bool has_survived =
      fields.severity == "ERROR" && context.phase != Phase::kConnect;
  const bool is_lost =
      rule.blame == Blame::kEndpoint && rule.code == Code::kUnavailable && !has_survived;
  const bool is_session_lost =
      is_lost || (rule.blame == Blame::kSession && !has_survived &&
                  context.phase == Phase::kTransaction);
  if (has_survived && rule.blame == Blame::kEndpoint) details.blame = Blame::kStatement;
  if (is_session_lost && context.phase != Phase::kConnect) {
    ErrorDetails lost = LostDetails(context.phase);
    lost.blame = rule.blame;
    lost.postgres = fields;
    return MakeError(LostCode(context.phase),
                     StrCat(context.endpoint, " ended the session ",
                            WhatWasUnderWay(context.phase), ": ", fields.message),
                     lost);
  }
  if (rule.retry == RetryScope::kStatement || rule.retry == RetryScope::kTransaction) {
    details.retry_delay = is_lost ? kRetryLater : kRetrySoon;
    // Outside a transaction the statement is the whole of it, and the other way round.
    if (details.retry_scope == RetryScope::kTransaction &&
        context.phase != Phase::kTransaction && context.phase != Phase::kCommit) {
      details.retry_scope = RetryScope::kStatement;
    } else if (context.phase == Phase::kTransaction || context.phase == Phase::kCommit) {
      details.retry_scope = RetryScope::kTransaction;
    }
  }
  return MakeError(rule.code, fields.message, details);
}

absl::Status SessionLost(const ErrorContext& context, bool statement_sent,
                         std::string_view cause) {
  // In a transaction there is something to lose even before this statement is sent; a
  // COMMIT that never left leaves no doubt about it.
  Phase phase = context.phase;
  if (!statement_sent) {
    const bool is_in_transaction =
        phase == Phase::kTransaction || phase == Phase::kCommit;
    phase = is_in_transaction ? Phase::kTransaction : Phase::kConnect;
  }
  ErrorDetails details = LostDetails(phase);
  return MakeError(LostCode(phase),
                   StrCat("the session with ", context.endpoint, " was lost ",
                          WhatWasUnderWay(phase), ": ", cause),
                   details);
}

absl::Status StoppedUnfinished(const ErrorContext& context) {
  ErrorDetails details = LostDetails(context.phase);
  details.blame = Blame::kSession;
  details.retry_delay.reset();
  const bool is_unknown = MayHaveCommitted(context.phase);
  Code code = StopCode(context.stop_reason);
  if (is_unknown && code == Code::kUnavailable) code = Code::kUnknown;
  if (!is_unknown) {
    details.reason = StopName(context.stop_reason);
    details.retry_scope = RetryScope::kNever;
  }
  return MakeError(code,
                   StrCat("the statement did not end in time after ",
                          WhyStopped(context.stop_reason), ", ",
                          is_unknown ? "so it may have taken effect or not"
                                     : "and is being rolled back"),
                   details);
}

absl::Status ConnectFailed(std::string_view endpoint, std::string_view cause) {
  return MakeError(Code::kUnavailable,
                   StrCat("could not connect to ", endpoint, ": ", cause),
                   {.reason = "CONNECT_FAILED",
                    .blame = Blame::kEndpoint,
                    .retry_scope = RetryScope::kStatement,
                    .retry_delay = kRetryLater});
}

absl::Status InvalidRequest(std::string_view field, std::string_view description) {
  return MakeError(Code::kInvalidArgument, StrCat(field, ": ", description),
                   {.reason = "INVALID_REQUEST", .field = std::string(field)});
}

absl::Status QueueFull(std::string_view endpoint, size_t waiters) {
  return MakeError(Code::kResourceExhausted,
                   StrCat("all sessions with ", endpoint, " are busy and ", waiters,
                          " calls wait already; try again later or raise "
                          "max_size or max_waiters"),
                   {.reason = "QUEUE_FULL",
                    .retry_scope = RetryScope::kStatement,
                    .retry_delay = kRetryLater});
}

absl::Status TooManyCalls(size_t limit) {
  return MakeError(Code::kResourceExhausted,
                   StrCat("the gateway has ", limit, " calls in progress, its limit"),
                   {.reason = "TOO_MANY_CALLS",
                    .retry_scope = RetryScope::kStatement,
                    .retry_delay = kRetryLater});
}

absl::Status AcquireTimeout(std::string_view endpoint, absl::Duration waited,
                            std::string_view last_error) {
  const bool is_busy = last_error.empty();
  const std::string after =
      StrCat(" after ", absl::FormatDuration(absl::Trunc(waited, absl::Milliseconds(1))));
  return MakeError(is_busy ? Code::kResourceExhausted : Code::kUnavailable,
                   is_busy ? StrCat("no session with ", endpoint, " became free", after)
                           : StrCat("no session with ", endpoint, " could be opened",
                                    after, ": ", last_error),
                   {.reason = is_busy ? "ACQUIRE_TIMEOUT" : "ENDPOINT_DOWN",
                    .retry_scope = RetryScope::kStatement,
                    .retry_delay = kRetryLater});
}

absl::Status NoEndpoint(Role wanted, std::string_view why) {
  return MakeError(Code::kUnavailable,
                   StrCat("there is no ", RoleName(wanted), ": ", why),
                   {.reason = wanted == Role::kReplica ? "NO_REPLICA" : "NO_PRIMARY",
                    .retry_scope = RetryScope::kStatement,
                    .retry_delay = kRetryLater});
}

absl::Status Draining() {
  return MakeError(Code::kUnavailable,
                   "the gateway is shutting down; another one may serve you",
                   {.reason = "DRAINING", .retry_scope = RetryScope::kStatement});
}

absl::Status StoppedBeforeStart(StopReason reason) {
  return MakeError(
      StopCode(reason),
      StrCat("stopped before anything was sent to PostgreSQL: ", WhyStopped(reason)),
      {.reason = StopName(reason), .retry_scope = RetryScope::kStatement});
}

absl::Status StreamStopped(StopReason reason, Phase phase) {
  const bool is_read = phase == Phase::kRead;
  // What may have been committed must not look as if it could be sent again.
  Code code = StopCode(reason);
  if (!is_read && code == Code::kUnavailable) code = Code::kUnknown;
  return MakeError(
      code, StrCat("the stream was cut before its end: ", WhyStopped(reason)),
      {.reason = StopName(reason),
       .outcome = is_read ? Outcome::kRolledBack : Outcome::kUnknown,
       .retry_scope = is_read ? RetryScope::kStatement : RetryScope::kResolveFirst});
}

absl::Status DespiteEffect(const absl::Status& error) {
  ErrorDetails details = DetailsOf(error).value_or(ErrorDetails{});
  details.outcome = Outcome::kUnknown;
  details.retry_scope = RetryScope::kResolveFirst;
  return MakeError(error.code(),
                   StrCat(std::string(error.message()),
                          "; the statement itself was carried out and committed"),
                   details);
}

absl::Status ResultTooLarge(std::string_view limit_name, uint64_t limit) {
  return MakeError(Code::kResourceExhausted,
                   StrCat("the result exceeds ", limit_name, " = ", limit,
                          "; use StreamQuery, which has no such limit"),
                   {.reason = "RESULT_TOO_LARGE", .outcome = Outcome::kRolledBack});
}

absl::Status TransactionStopped(StopReason reason) {
  return MakeError(StopCode(reason),
                   StrCat("the transaction is rolled back: ", WhyStopped(reason)),
                   {.reason = StopName(reason),
                    .outcome = Outcome::kRolledBack,
                    .retry_scope = RetryScope::kTransaction});
}

absl::Status TransactionEnded(std::string_view reason, std::string_view why) {
  return MakeError(Code::kAborted, StrCat("the transaction is rolled back: ", why),
                   {.reason = std::string(reason),
                    .outcome = Outcome::kRolledBack,
                    .retry_scope = RetryScope::kTransaction});
}

absl::Status TransactionMisuse(std::string_view what) {
  return MakeError(Code::kFailedPrecondition, what, {.reason = "TRANSACTION_MISUSE"});
}

absl::Status StatementRefused(std::string_view reason, std::string_view what) {
  return MakeError(Code::kInvalidArgument, what,
                   {.reason = std::string(reason), .field = "statement.sql"});
}

absl::Status Internal(std::string_view what) {
  return MakeError(Code::kInternal, what,
                   {.reason = "INTERNAL", .blame = Blame::kSession});
}

}  // namespace pgsluice
