// One log line for each change of an endpoint's role or reachability.
#pragma once

#include "pool/topology.h"

namespace pgsluice {

void LogTopologyChange(const Topology& before, const Topology& after);

}  // namespace pgsluice
