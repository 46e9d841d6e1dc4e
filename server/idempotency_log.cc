#include "server/idempotency_log.h"

#include <string>

#include "server/log.h"

namespace pgsluice {

void LogIdempotencyVerdict(const absl::Status& verdict) {
  if (verdict.ok()) {
    Log(LogLevel::kInfo, "idempotency keys are kept");
  } else {
    Log(LogLevel::kWarning, "idempotency keys cannot be kept",
        {{"why", std::string(verdict.message())}});
  }
}

}  // namespace pgsluice
