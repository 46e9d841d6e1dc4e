#include "pool/error_stop.h"

#include "pool/error_lost.h"
#include "pool/str_cat.h"

namespace pgsluice {

namespace {

using Code = absl::StatusCode;

bool MayHaveCommitted(Phase phase) {
  return phase == Phase::kAutocommit || phase == Phase::kCommit;
}

}  // namespace

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

absl::StatusCode StopCode(StopReason reason) {
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

absl::Status StoppedBeforeStart(StopReason reason) {
  return MakeError(
      StopCode(reason),
      StrCat("stopped before anything was sent to PostgreSQL: ", WhyStopped(reason)),
      {.reason = StopName(reason), .retry_scope = RetryScope::kStatement});
}

absl::Status StreamStopped(StopReason reason, Phase phase) {
  const bool is_unknown = MayHaveCommitted(phase);
  // What may have been committed must not look as if it could be sent again.
  Code code = StopCode(reason);
  if (is_unknown && code == Code::kUnavailable) code = Code::kUnknown;
  return MakeError(
      code, StrCat("the stream was cut before its end: ", WhyStopped(reason)),
      {.reason = StopName(reason),
       .outcome = is_unknown ? Outcome::kUnknown : Outcome::kRolledBack,
       .retry_scope = is_unknown ? RetryScope::kResolveFirst : RetryScope::kStatement});
}

absl::Status TransactionStopped(StopReason reason) {
  return MakeError(StopCode(reason),
                   StrCat("the transaction is rolled back: ", WhyStopped(reason)),
                   {.reason = StopName(reason),
                    .outcome = Outcome::kRolledBack,
                    .retry_scope = RetryScope::kTransaction});
}

}  // namespace pgsluice
