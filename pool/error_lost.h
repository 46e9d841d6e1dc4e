// A session lost while something was under way: what that means by phase. Rules file.
#pragma once

#include <string_view>

#include "absl/status/status.h"

#include "pool/error.h"

namespace pgsluice {

ErrorDetails LostDetails(Phase phase);
absl::StatusCode LostCode(Phase phase);
// The backend has ended itself (57P01) at a point where the statement, not part of a
// transaction, could not have been committed: see EndedItselfUnfinished in pg/pg_error.h.
absl::Status EndedUnfinished(const PostgresFields& fields, const ErrorContext& context);
// To go into a message, after "was lost" or "ended the session".
std::string_view WhatWasUnderWay(Phase phase);

}  // namespace pgsluice
