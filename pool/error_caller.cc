#include "pool/error_caller.h"

#include "pool/str_cat.h"

namespace pgsluice {

namespace {

using Code = absl::StatusCode;

}  // namespace

absl::Status Unauthenticated(std::string_view why) {
  return MakeError(Code::kUnauthenticated,
                   StrCat("the gateway does not know who is calling: ", why),
                   {.reason = "UNAUTHENTICATED"});
}

absl::Status NotPermitted(std::string_view caller, std::string_view what) {
  return MakeError(Code::kPermissionDenied,
                   StrCat("the caller ", caller, " may not ", what,
                          ", by its entry in the gateway's callers"),
                   {.reason = "NOT_PERMITTED"});
}

absl::Status CallerHasNoPolicy(std::string_view caller) {
  return MakeError(
      Code::kPermissionDenied,
      StrCat("the caller ", caller, " fits no entry in the gateway's callers"),
      {.reason = "NOT_PERMITTED"});
}

absl::Status CallerLacksClaim(std::string_view caller, std::string_view claim,
                              std::string_view setting) {
  return MakeError(Code::kPermissionDenied,
                   StrCat("the caller ", caller, " comes without the claim ", claim,
                          ", by which its entry in the gateway's callers sets ", setting),
                   {.reason = "NOT_PERMITTED"});
}

absl::Status TooManyCallsOf(std::string_view caller, size_t limit) {
  return MakeError(Code::kResourceExhausted,
                   StrCat("the caller ", caller, " has ", limit,
                          " calls in progress, the limit of its entry in callers"),
                   {.reason = "TOO_MANY_CALLS",
                    .retry_scope = RetryScope::kStatement,
                    .retry_delay = kRetryLater});
}

absl::Status StatementNotNamed(std::string_view caller) {
  return MakeError(Code::kPermissionDenied,
                   StrCat("the caller ", caller,
                          " may run named statements only, by its entry in the gateway's "
                          "callers: send statement.name in place of statement.sql"),
                   {.reason = "STATEMENT_NOT_NAMED"});
}

absl::Status StatementUnknown(std::string_view name) {
  return MakeError(Code::kNotFound,
                   StrCat("the gateway has no statement ", name,
                          " for this caller (named_statements.file)"),
                   {.reason = "STATEMENT_UNKNOWN"});
}

}  // namespace pgsluice
