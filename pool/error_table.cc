#include "pool/error_table.h"

#include <algorithm>
#include <iterator>

namespace pgsluice {

namespace {

using Code = absl::StatusCode;

// Exact codes before their class; the first match holds.
constexpr ErrorRule kRules[] = {
    // Success and warnings are no errors; should one come as an error, say so.
    {"00", Code::kInternal},
    {"01", Code::kInternal},
    {"02", Code::kInternal},
    {"03", Code::kInternal},
    {"08007", Code::kUnknown, Blame::kEndpoint, RetryScope::kResolveFirst,
     "OUTCOME_UNKNOWN"},
    {"08P01", Code::kInternal, Blame::kSession},
    {"08", Code::kUnavailable, Blame::kEndpoint, RetryScope::kStatement},
    {"09", Code::kInternal},
    {"0A", Code::kUnimplemented},
    {"0B", Code::kFailedPrecondition},
    {"0F", Code::kInternal},
    {"0L", Code::kPermissionDenied},
    {"0P", Code::kPermissionDenied},
    {"0Z", Code::kInternal},
    {"20", Code::kFailedPrecondition},
    {"21", Code::kFailedPrecondition},
    {"22003", Code::kOutOfRange},
    {"22008", Code::kOutOfRange},
    {"22012", Code::kOutOfRange},
    {"22", Code::kInvalidArgument},
    {"23000", Code::kFailedPrecondition},
    {"23001", Code::kFailedPrecondition},
    {"23503", Code::kFailedPrecondition},
    {"23505", Code::kAlreadyExists},
    {"23P01", Code::kFailedPrecondition},
    {"23", Code::kInvalidArgument},
    {"24", Code::kFailedPrecondition},
    {"25006", Code::kFailedPrecondition, Blame::kStatement, RetryScope::kNever,
     "READ_ONLY"},
    {"25P02", Code::kAborted, Blame::kStatement, RetryScope::kTransaction},
    {"25P03", Code::kAborted, Blame::kSession, RetryScope::kTransaction},
    {"25P04", Code::kAborted, Blame::kSession, RetryScope::kTransaction},
    {"25", Code::kFailedPrecondition},
    {"26", Code::kInternal},
    {"27", Code::kFailedPrecondition},
    // A function's own check of somebody's credentials; ours are refused at connect.
    {"28", Code::kPermissionDenied},
    {"2B", Code::kFailedPrecondition},
    {"2D", Code::kFailedPrecondition},
    {"2F", Code::kFailedPrecondition},
    {"34", Code::kFailedPrecondition},
    {"38", Code::kInternal},
    {"39", Code::kInternal},
    {"3B", Code::kFailedPrecondition},
    {"3D", Code::kNotFound},
    {"3F", Code::kNotFound},
    {"40003", Code::kUnknown, Blame::kSession, RetryScope::kResolveFirst,
     "OUTCOME_UNKNOWN"},
    {"40", Code::kAborted, Blame::kStatement, RetryScope::kTransaction},
    {"42501", Code::kPermissionDenied},
    {"42P01", Code::kNotFound},
    {"42704", Code::kNotFound},
    {"42883", Code::kNotFound},
    {"42P04", Code::kAlreadyExists},
    {"42P05", Code::kInternal},
    {"42P06", Code::kAlreadyExists},
    {"42P07", Code::kAlreadyExists},
    {"42710", Code::kAlreadyExists},
    {"42723", Code::kAlreadyExists},
    {"42", Code::kInvalidArgument},
    {"44", Code::kFailedPrecondition},
    {"53300", Code::kUnavailable, Blame::kEndpoint, RetryScope::kStatement},
    {"53", Code::kResourceExhausted},
    {"54001", Code::kResourceExhausted},
    {"54", Code::kOutOfRange},
    {"55P03", Code::kAborted, Blame::kStatement, RetryScope::kTransaction},
    {"55", Code::kFailedPrecondition},
    {"57014", Code::kAborted, Blame::kStatement, RetryScope::kStatement},
    {"57P04", Code::kFailedPrecondition, Blame::kEndpoint},
    {"57P05", Code::kAborted, Blame::kSession, RetryScope::kTransaction},
    {"57", Code::kUnavailable, Blame::kEndpoint, RetryScope::kStatement},
    {"58", Code::kInternal},
    {"72", Code::kAborted, Blame::kStatement, RetryScope::kTransaction},
    {"F0", Code::kInternal},
    {"HV", Code::kInternal},
    // RAISE EXCEPTION: not ABORTED, which callers would retry for ever.
    {"P0001", Code::kFailedPrecondition},
    {"P0002", Code::kNotFound},
    {"P0003", Code::kFailedPrecondition},
    {"P0", Code::kInternal},
    {"XX001", Code::kDataLoss},
    {"XX002", Code::kDataLoss},
    {"XX", Code::kInternal},
};

}  // namespace

ErrorRule RuleFor(std::string_view sqlstate) {
  const auto* found = std::find_if(
      std::begin(kRules), std::end(kRules), [sqlstate](const ErrorRule& rule) {
        return !sqlstate.empty() &&
               sqlstate.substr(0, rule.sqlstate.size()) == rule.sqlstate;
      });
  if (found == std::end(kRules)) return {sqlstate, Code::kUnknown};
  return *found;
}

}  // namespace pgsluice
