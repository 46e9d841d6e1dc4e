// What kind of server it is: its version, clock and encoding, a pooler in its place.
// Rules file.
#pragma once

#include "server/doctor/facts.h"
#include "server/doctor/finding.h"

namespace pgsluice::doctor {

FindingKinds ServerKinds();
void JudgeServer(const EndpointFacts& endpoint, Findings& findings);

}  // namespace pgsluice::doctor
