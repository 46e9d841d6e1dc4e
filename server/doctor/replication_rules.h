// How well replication works, as seen by the primary.
// Rules file.
#pragma once

#include "server/doctor/facts.h"
#include "server/doctor/finding.h"

namespace pgsluice::doctor {

FindingKinds ReplicationKinds();
void JudgeReplication(const DeploymentFacts& facts, const EndpointFacts& endpoint,
                      Findings& findings);

}  // namespace pgsluice::doctor
