#include "pool/error_idempotency.h"

#include "pool/str_cat.h"

namespace pgsluice {

namespace {

using Code = absl::StatusCode;

constexpr std::string_view kField = "options.idempotency_key";

}  // namespace

absl::Status IdempotencyOff() {
  return MakeError(Code::kFailedPrecondition,
                   StrCat(kField,
                          ": this gateway keeps no keys; set idempotency.enabled in its "
                          "configuration"),
                   {.reason = "IDEMPOTENCY_OFF", .field = std::string(kField)});
}

absl::Status IdempotencyTableUnusable(std::string_view table, std::string_view why) {
  return MakeError(
      Code::kUnavailable,
      StrCat("the table of idempotency keys, ", table, ", cannot be used: ", why),
      {.reason = "IDEMPOTENCY_TABLE_UNUSABLE",
       .retry_scope = RetryScope::kStatement,
       .retry_delay = kRetryLater});
}

absl::Status IdempotencyKeyReused() {
  return MakeError(Code::kFailedPrecondition,
                   StrCat(kField,
                          ": came with another statement, other parameters or another "
                          "encoding before; use a new key for what is to happen anew"),
                   {.reason = "IDEMPOTENCY_KEY_REUSED", .field = std::string(kField)});
}

absl::Status OutcomeTooLarge(uint64_t bytes, uint64_t limit) {
  return MakeError(Code::kResourceExhausted,
                   StrCat("the answer has ", bytes,
                          " bytes, more than can be recorded with an idempotency_key "
                          "(idempotency.max_outcome_bytes = ",
                          limit, "); return fewer rows, or raise the limit"),
                   {.reason = "OUTCOME_TOO_LARGE", .outcome = Outcome::kRolledBack});
}

absl::Status IdempotencyKeyGone() {
  return MakeError(Code::kAborted,
                   StrCat(kField,
                          ": was forgotten (idempotency.retention) just when its "
                          "outcome was to be read; nothing was run"),
                   {.reason = "IDEMPOTENCY_KEY_GONE",
                    .outcome = Outcome::kRolledBack,
                    .retry_scope = RetryScope::kStatement});
}

absl::Status OutcomeUnreadable(std::string_view why) {
  return MakeError(Code::kInternal,
                   StrCat("the write has taken effect before, but the answer recorded "
                          "with its idempotency_key cannot be read: ",
                          why),
                   {.reason = "OUTCOME_UNREADABLE"});
}

absl::Status WithKey(const absl::Status& error, RetryScope scope) {
  if (error.ok()) return error;
  ErrorDetails details = DetailsOf(error).value_or(
      ErrorDetails{.reason = "INTERNAL", .outcome = Outcome::kUnknown});
  const bool is_unknown = details.outcome == Outcome::kUnknown;
  const bool is_whole = details.retry_scope == RetryScope::kTransaction ||
                        details.retry_scope == RetryScope::kStatement;
  if (is_unknown || is_whole) details.retry_scope = scope;
  if (is_unknown && !details.retry_delay.has_value()) details.retry_delay = kRetrySoon;
  details.is_safe_with_key = true;
  const std::string message(error.message());
  return MakeError(error.code(),
                   is_unknown
                       ? StrCat(message,
                                "; to find out, send the same request with the same "
                                "idempotency_key again: it takes effect once")
                       : message,
                   details);
}

}  // namespace pgsluice
