// What PostgreSQL reported, in the light of what was going on.
#include <utility>

#include "pool/error.h"
#include "pool/error_lost.h"
#include "pool/error_stop.h"
#include "pool/error_table.h"
#include "pool/str_cat.h"

namespace pgsluice {

namespace {

using Code = absl::StatusCode;

// PostgreSQL gives its own time-out the same SQLSTATE as every other cancel; only the
// text (of an English server) tells them apart.
constexpr std::string_view kStatementTimeout = "statement timeout";

// SQLSTATEs (28: a class) that mean the connection when they come at connect.
constexpr std::string_view kBadCredentials = "28";
constexpr std::string_view kNoSuchDatabase = "3D000";
constexpr std::string_view kProtocolViolation = "08P01";  // Of a pooler in between.

// 57014: decided by who asked for it. None: somebody else (pg_cancel_backend).
StopReason WhoCancelled(const PostgresFields& fields, const ErrorContext& context) {
  if (context.stop_reason != StopReason::kNone) return context.stop_reason;
  const bool is_timeout = fields.message.find(kStatementTimeout) != std::string::npos;
  return is_timeout ? StopReason::kTimeout : StopReason::kNone;
}

// A session that was refused, or ended before it was of any use to the caller.
bool IsConnectRefused(const PostgresFields& fields, const ErrorContext& context) {
  if (context.phase != Phase::kConnect) return false;
  const std::string_view sqlstate = fields.sqlstate;
  return fields.severity == "FATAL" || fields.severity == "PANIC" ||
         sqlstate.starts_with(kBadCredentials) || sqlstate == kNoSuchDatabase ||
         sqlstate == kProtocolViolation;
}

// The gateway's own trouble, whatever the SQLSTATE: the caller named neither user nor
// database.
absl::Status ConnectRefused(const PostgresFields& fields, const ErrorContext& context,
                            ErrorDetails details) {
  details.blame = Blame::kEndpoint;
  details.retry_scope = RetryScope::kStatement;
  details.retry_delay = kRetryLater;
  if (fields.sqlstate.starts_with(kBadCredentials)) {
    // Which user from which host it is, is nobody else's business.
    details.reason = kBackendAuthFailed;
    details.postgres.reset();
    return MakeError(Code::kUnavailable,
                     StrCat(context.endpoint,
                            " refused the gateway's own credentials "
                            "(SQLSTATE ",
                            fields.sqlstate, ")"),
                     details);
  }
  return MakeError(Code::kUnavailable,
                   StrCat("no session with ", context.endpoint, ": ", fields.message),
                   details);
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
  if (IsConnectRefused(fields, context)) {
    return ConnectRefused(fields, context, std::move(details));
  }
  const bool is_single_write =
      context.phase == Phase::kAutocommit || context.phase == Phase::kUncommitted;
  if (fields.sqlstate == "25006" && context.role == Role::kPrimary && is_single_write) {
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

}  // namespace pgsluice
