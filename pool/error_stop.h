// Why a call was stopped, as its error says it. Rules file.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

#include "pool/error.h"

namespace pgsluice {

absl::StatusCode StopCode(StopReason reason);
// The error's reason.
std::string StopName(StopReason reason);
// For its message.
std::string_view WhyStopped(StopReason reason);

}  // namespace pgsluice
