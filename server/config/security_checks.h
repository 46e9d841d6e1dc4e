// Rules between the settings of TLS, authentication and callers. Rules file.
#pragma once

#include <string>
#include <vector>

#include "pgsluice/config/v1/config.pb.h"

namespace pgsluice {

struct Complaint {
  std::vector<std::string> paths;  // Of the settings that do not go together.
  std::string what;
};

// Wants defaults filled in.
std::vector<Complaint> CheckSecurity(const config::v1::Config& config);

// Worth a line in the log, not an error.
std::vector<std::string> SecurityNotes(const config::v1::Config& config);

}  // namespace pgsluice
