// All rules together: from facts to findings. Rules file.
#pragma once

#include "server/doctor/facts.h"
#include "server/doctor/finding.h"

namespace pgsluice::doctor {

// The gravest first. What is found alike of several endpoints is one finding.
Findings Diagnose(const DeploymentFacts& facts);

// Every kind there is, in the order of the documentation.
FindingKinds AllFindingKinds();

size_t CountOf(const Findings& findings, Severity severity);
// 0: notes at most; 1: warnings; 2: errors.
int ExitStatusOf(const Findings& findings);

}  // namespace pgsluice::doctor
