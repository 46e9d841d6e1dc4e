// Environment variables within the values of a configuration file.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "server/config/environment.h"

namespace pgsluice {

// `text` with every ${NAME} replaced by the variable's value, and every ${NAME:-default}
// by the value, or by `default` where the variable is not set or empty. "$${" stands for
// "${"; any other "$" for itself. An error, which names the variable only, where one is
// not set and has no default, or where a "${" has no end.
absl::StatusOr<std::string> ExpandVariables(std::string_view text,
                                            const Environment& environment);

}  // namespace pgsluice
