// Errors of callers that are not known, or may not do what they ask for.
#pragma once

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"

#include "pool/error.h"

namespace pgsluice {

// The call names no caller that is known, because of `why`, a clause.
absl::Status Unauthenticated(std::string_view why);
// The caller may not do `what` ("call PoolStats").
absl::Status NotPermitted(std::string_view caller, std::string_view what);
// No entry of `callers` fits any of its names, of which `caller` is the first.
absl::Status CallerHasNoPolicy(std::string_view caller);
// Its entry in `callers` sets `setting` by a claim that its token does not have.
absl::Status CallerLacksClaim(std::string_view caller, std::string_view claim,
                              std::string_view setting);
// `limit` calls of its entry in `callers` are in progress.
absl::Status TooManyCallsOf(std::string_view caller, size_t limit);
// A statement sent as SQL by a caller that may run named ones only.
absl::Status StatementNotNamed(std::string_view caller);
// `name` is none, or none for this caller, who shall not know which.
absl::Status StatementUnknown(std::string_view name);

}  // namespace pgsluice
