// Rules of the settings of logins, and of callers that name one. Rules file.
#pragma once

#include <vector>

#include "pgsluice/config/v1/config.pb.h"
#include "server/config/security_checks.h"

namespace pgsluice {

// Wants defaults filled in.
std::vector<Complaint> CheckLogins(const config::v1::Config& config);

}  // namespace pgsluice
