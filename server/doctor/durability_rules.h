// What may lose data that was acknowledged, or stop the server some day.
// Rules file.
#pragma once

#include "server/doctor/facts.h"
#include "server/doctor/finding.h"

namespace pgsluice::doctor {

FindingKinds DurabilityKinds();
void JudgeDurability(const EndpointFacts& endpoint, Findings& findings);

}  // namespace pgsluice::doctor
