// Whether an endpoint can be connected to, and what answers there.
// Rules file.
#pragma once

#include "server/doctor/facts.h"
#include "server/doctor/finding.h"

namespace pgsluice::doctor {

FindingKinds ConnectionKinds();
void JudgeConnection(const EndpointFacts& endpoint, Findings& findings);

}  // namespace pgsluice::doctor
