// The one table from SQLSTATE to what a caller is told. Rules file.
#pragma once

#include <string_view>

#include "absl/status/status.h"

#include "pool/error.h"

namespace pgsluice {

// What a SQLSTATE means when PostgreSQL reported it for a statement that it was running,
// whatever the circumstances. PostgresError() adds those.
struct ErrorRule {
  // Five characters, or two for the whole class.
  std::string_view sqlstate;
  absl::StatusCode code;
  Blame blame = Blame::kStatement;
  RetryScope retry = RetryScope::kNever;
  // Instead of the condition's name; empty: that name.
  std::string_view reason = "";
};

// The rule for the code itself, else for its class, else UNKNOWN.
ErrorRule RuleFor(std::string_view sqlstate);

// "UNIQUE_VIOLATION" for 23505; empty when PostgreSQL's list does not have it.
std::string_view ConditionName(std::string_view sqlstate);

}  // namespace pgsluice
