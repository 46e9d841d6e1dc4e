// What the endpoints are to each other: one primary, and replicas of it.
// Rules file.
#pragma once

#include "server/doctor/facts.h"
#include "server/doctor/finding.h"

namespace pgsluice::doctor {

FindingKinds ClusterKinds();
void JudgeCluster(const DeploymentFacts& facts, Findings& findings);

}  // namespace pgsluice::doctor
