#include "pool/error_lost.h"

#include "pool/str_cat.h"

namespace pgsluice {

namespace {

using Code = absl::StatusCode;

constexpr std::string_view kOutcomeUnknown = "OUTCOME_UNKNOWN";
constexpr std::string_view kTransactionLost = "TRANSACTION_LOST";

}  // namespace

ErrorDetails LostDetails(Phase phase) {
  ErrorDetails details{.reason = "SESSION_LOST", .blame = Blame::kEndpoint};
  switch (phase) {
    case Phase::kConnect:
      details.outcome = Outcome::kNotStarted;
      details.retry_scope = RetryScope::kStatement;
      details.retry_delay = kRetrySoon;
      break;
    case Phase::kRead:
    case Phase::kUncommitted:
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

absl::StatusCode LostCode(Phase phase) {
  switch (phase) {
    case Phase::kConnect:
    case Phase::kRead:
    case Phase::kUncommitted: return Code::kUnavailable;
    case Phase::kTransaction: return Code::kAborted;
    case Phase::kAutocommit:
    case Phase::kCommit: return Code::kUnknown;
  }
  return Code::kUnknown;
}

absl::Status EndedUnfinished(const PostgresFields& fields, const ErrorContext& context) {
  ErrorDetails details{.reason = "SESSION_LOST",
                       .blame = Blame::kEndpoint,
                       .outcome = Outcome::kRolledBack,
                       .retry_scope = RetryScope::kStatement,
                       .retry_delay = kRetrySoon,
                       .postgres = fields};
  return MakeError(Code::kUnavailable,
                   StrCat(context.endpoint,
                          " ended the session while a statement was running, which is "
                          "rolled back: ",
                          fields.message),
                   details);
}

std::string_view WhatWasUnderWay(Phase phase) {
  switch (phase) {
    case Phase::kConnect: return "before anything of it ran";
    case Phase::kRead: return "while a read was running";
    case Phase::kUncommitted: return "while a write was running, which is rolled back";
    case Phase::kTransaction: return "inside a transaction, which is rolled back";
    case Phase::kAutocommit:
      return "while a statement was running; it may have been committed or not";
    case Phase::kCommit: return "during COMMIT; it may have taken effect or not";
  }
  return "";
}

absl::Status FoundAborted(const absl::Status& error, std::string_view reason) {
  ErrorDetails details = LostDetails(Phase::kTransaction);
  details.blame = Blame::kStatement;  // That was told before.
  return MakeError(LostCode(Phase::kTransaction),
                   StrCat(std::string(error.message()),
                          "; the primary was asked: it is rolled back, because ", reason),
                   details);
}

absl::Status StillInDoubt(const absl::Status& error, const CommitEvidence& commit,
                          std::string_view reason) {
  ErrorDetails details = DetailsOf(error).value_or(ErrorDetails{});
  details.commit = commit;
  return MakeError(error.code(),
                   StrCat(std::string(error.message()),
                          "; its outcome could not be found out yet, because ", reason,
                          "; ask with ResolveTransaction"),
                   details);
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

}  // namespace pgsluice
