// Logs whether the table of idempotency keys can be used. Thread-safe.
#pragma once

#include "absl/status/status.h"

namespace pgsluice {

void LogIdempotencyVerdict(const absl::Status& verdict);

}  // namespace pgsluice
