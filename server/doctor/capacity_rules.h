// Whether a server has room for all the sessions that the fleet may open.
// Rules file.
#pragma once

#include "server/doctor/facts.h"
#include "server/doctor/finding.h"

namespace pgsluice::doctor {

FindingKinds CapacityKinds();
// With one server, by all gateways of the fleet, control sessions included.
int64_t SessionsWanted(const GatewayFacts& gateway);
// That it has for them: no others' sessions, and none of what it keeps for superusers.
int64_t SessionsPossible(const ServerFacts& server);
void JudgeCapacity(const GatewayFacts& gateway, const EndpointFacts& endpoint,
                   Findings& findings);

}  // namespace pgsluice::doctor
