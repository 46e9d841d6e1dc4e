// What the role that the gateway logs in as may do: too much, or too little.
// Rules file.
#pragma once

#include "server/doctor/facts.h"
#include "server/doctor/finding.h"

namespace pgsluice::doctor {

FindingKinds LoginKinds();
void JudgeLogin(const GatewayFacts& gateway, const EndpointFacts& endpoint,
                absl::Time now, Findings& findings);

}  // namespace pgsluice::doctor
