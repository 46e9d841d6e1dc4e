// An option whose value is a duration.
#pragma once

#include <functional>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/time/time.h"

namespace pgsluice::cli {

// "10s", "500ms", or a number of seconds; more than none.
void AddDuration(CLI::App& app, const std::string& name,
                 std::function<void(absl::Duration)> set, const std::string& help);

}  // namespace pgsluice::cli
