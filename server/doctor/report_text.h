// Facts and findings for people: 80 columns, the gravest finding last, where a terminal
// ends up. Rules file.
#pragma once

#include <string>
#include <string_view>

#include "server/doctor/facts.h"
#include "server/doctor/finding.h"

namespace pgsluice::doctor {

enum class Colours { kNone, kTerminal };

// `took`: all of it. What comes from servers cannot steer the terminal.
std::string ReportText(const DeploymentFacts& facts, const Findings& findings,
                       std::string_view version, absl::Duration took, Colours colours);

// "15.14"; empty of 0.
std::string LibpqVersionText(int number);
// "primary", "replica", "unknown".
std::string_view RoleText(const EndpointFacts& endpoint);

}  // namespace pgsluice::doctor
