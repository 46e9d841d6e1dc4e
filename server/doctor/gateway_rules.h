// The gateway's own limits and settings, against each other.
// Rules file.
#pragma once

#include "server/doctor/facts.h"
#include "server/doctor/finding.h"

namespace pgsluice::doctor {

FindingKinds GatewayKinds();
void JudgeGateway(const DeploymentFacts& facts, Findings& findings);

}  // namespace pgsluice::doctor
