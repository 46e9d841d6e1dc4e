#include "server/tracing_log.h"

#include "server/log.h"

namespace pgsluice {

void LogTracingTrouble(std::string_view trouble) {
  if (trouble.empty()) {
    Log(LogLevel::kInfo, "the collector takes spans again");
  } else {
    Log(LogLevel::kWarning, "the collector does not take spans", {{"why", trouble}});
  }
}

}  // namespace pgsluice
