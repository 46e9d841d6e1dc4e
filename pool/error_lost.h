// A session lost while something was under way: what that means by phase. Rules file.
#pragma once

#include <string_view>

#include "absl/status/status.h"

#include "pool/error.h"

namespace pgsluice {

ErrorDetails LostDetails(Phase phase);
absl::StatusCode LostCode(Phase phase);
// To go into a message, after "was lost" or "ended the session".
std::string_view WhatWasUnderWay(Phase phase);

}  // namespace pgsluice
