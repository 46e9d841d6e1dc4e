#include "server/alert_log.h"

#include "server/log.h"

namespace pgsluice {

void LogAlert(const AlertTransition& transition) {
  const bool has_fired = transition.change == AlertChange::kFired;
  Log(has_fired ? LogLevel::kWarning : LogLevel::kInfo,
      has_fired ? "alert fires" : "alert clears",
      {{"endpoint", transition.endpoint},
       {"alert", AlertKindName(transition.kind)},
       {"value", transition.value.value},
       {"threshold", transition.value.threshold},
       {"fired_for_ms", absl::ToDoubleMilliseconds(transition.fired_for)}});
}

}  // namespace pgsluice
