// The configuration as YAML: the one in effect, and the example.
#pragma once

#include <string>

#include "server/config/load_config.h"

namespace pgsluice {

// Every setting in effect; secrets are "***", and each value that is not the default
// has a comment that says where it comes from.
std::string DumpConfig(const LoadedConfig& loaded);

// Every setting with its default and its help. Loads as it is.
std::string ExampleConfig();

}  // namespace pgsluice
