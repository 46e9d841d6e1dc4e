// What control sessions have in common: how they connect, and errors on one line.
#pragma once

#include <string>

#include "absl/time/time.h"

namespace pgsluice {

// `conninfo` (key=value text) for a session that asks a question now and then: nothing of
// it takes longer than `timeout`, but for a connect, which has two seconds at least.
std::string WithControlOptions(const std::string& conninfo, absl::Duration timeout);

// libpq's messages end with a newline, and may have some within.
std::string OneLine(std::string text);

}  // namespace pgsluice
