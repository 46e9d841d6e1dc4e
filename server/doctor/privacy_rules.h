// What a server writes down of callers' data and of passwords.
// Rules file.
#pragma once

#include "server/doctor/facts.h"
#include "server/doctor/finding.h"

namespace pgsluice::doctor {

FindingKinds PrivacyKinds();
void JudgePrivacy(const EndpointFacts& endpoint, Findings& findings);

}  // namespace pgsluice::doctor
