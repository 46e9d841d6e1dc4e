// How the way to a server is protected.
// Rules file.
#pragma once

#include "server/doctor/facts.h"
#include "server/doctor/finding.h"

namespace pgsluice::doctor {

FindingKinds TlsKinds();
void JudgeTls(const EndpointFacts& endpoint, absl::Time now, Findings& findings);

}  // namespace pgsluice::doctor
