// PGSLUICE_... variables, and the other variables that single settings know.
#pragma once

#include <string_view>

#include "server/config/config_draft.h"
#include "server/config/environment.h"

namespace pgsluice {

// Variables with an empty value count as not given. Unknown PGSLUICE_... variables are
// errors.
void OverlayEnvironment(const Environment& environment, ConfigDraft& draft);

// The value, or empty when not given.
std::string_view ValueOf(const Environment& environment, std::string_view name);

// Kubernetes gives every pod such variables for each service in its namespace; a
// service named "pgsluice" makes PGSLUICE_PORT=tcp://10.0.0.1:7432 and more.
bool IsServiceLink(std::string_view name, std::string_view value);

}  // namespace pgsluice
