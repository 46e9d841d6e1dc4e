// Time-outs of PostgreSQL that end what the gateway would not, and those that are
// missing. Rules file.
#pragma once

#include "server/doctor/facts.h"
#include "server/doctor/finding.h"

namespace pgsluice::doctor {

FindingKinds TimeoutKinds();
void JudgeTimeouts(const GatewayFacts& gateway, const EndpointFacts& endpoint,
                   Findings& findings);

}  // namespace pgsluice::doctor
