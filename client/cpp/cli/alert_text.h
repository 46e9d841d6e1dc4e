// Alerts in words.
#pragma once

#include <string>

#include "pgsluice/v1/pool_monitor.pb.h"

namespace pgsluice::cli {

// "waiters", "response time".
std::string AlertName(v1::AlertKind kind);
// "waiters 7 > 5", "idle 0 < 1", "lag 31.00 s > 30.00 s"; "waiters 2 (at most
// 5)" within the threshold.
std::string AlertText(v1::AlertKind kind, double value, double threshold);
bool IsFiring(const v1::Alert& alert);

// "waiters 7 > 5: fires", "waiters 0 (at most 5): clears after 12.00 s".
std::string TransitionText(const v1::AlertTransition& transition);

}  // namespace pgsluice::cli
