// Whether idempotency keys can be kept.
// Rules file.
#pragma once

#include "server/doctor/facts.h"
#include "server/doctor/finding.h"

namespace pgsluice::doctor {

FindingKinds KeyTableKinds();
void JudgeKeyTable(const GatewayFacts& gateway, const EndpointFacts& endpoint,
                   Findings& findings);

}  // namespace pgsluice::doctor
