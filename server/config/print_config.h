// The configuration as YAML: the one in effect, and the example.
#pragma once

#include <string>

#include "server/config/load_config.h"

namespace pgsluice {

// Every setting in effect, each with a comment that says where its value comes from;
// secrets are "***".
std::string DumpConfig(const LoadedConfig& loaded);

// Every setting with its default and its help. Loads as it is.
std::string ExampleConfig();

}  // namespace pgsluice
