// One log line for each change of an endpoint's role, reachability or rotation, and for
// each loss and return of the primary.
#pragma once

#include "absl/time/time.h"

#include "pool/topology.h"

namespace pgsluice {

void LogTopologyChange(const Topology& before, const Topology& after, absl::Time now);

}  // namespace pgsluice
