// One log line for each alert that fires, one for each that clears.
#pragma once

#include "pool/alert.h"

namespace pgsluice {

void LogAlert(const AlertTransition& transition);

}  // namespace pgsluice
