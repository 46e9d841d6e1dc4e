// Statements that cannot run in a transaction, and meet the gateway's own: the error says
// what it is there for. Rules file.
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace pgsluice {

inline constexpr std::string_view kForSettings = "the settings of its caller it has to";

// `error`; if it is PostgreSQL's "cannot run inside a transaction block", with `why`,
// which goes on from "with".
absl::Status WithWhyInTransaction(const absl::Status& error, std::string_view why);

}  // namespace pgsluice
