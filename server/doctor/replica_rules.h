// How well a replica follows.
// Rules file.
#pragma once

#include "server/doctor/facts.h"
#include "server/doctor/finding.h"

namespace pgsluice::doctor {

FindingKinds ReplicaKinds();
void JudgeReplica(const DeploymentFacts& facts, const EndpointFacts& endpoint,
                  Findings& findings);

}  // namespace pgsluice::doctor
