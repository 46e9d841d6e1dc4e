// The configuration from all its sources: built-in defaults < profile < file <
// environment < --set.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "pgsluice/config/v1/config.pb.h"
#include "server/config/environment.h"

namespace pgsluice {

struct ConfigSources {
  // --config; absent: PGSLUICE_CONFIG in `environment`, else no file.
  std::optional<std::string> file;
  // --set, each "pools.primary.max_size=20", in order: the last one holds.
  std::vector<std::string> sets;
  Environment environment;
};

struct LoadedConfig {
  // Every scalar is set. Holds secrets: print it with DumpConfig only.
  config::v1::Config config;
  // By path ("pools.primary.max_size"): "profile production", "pgsluice.yaml:12:5", a
  // variable's name or "--set". A path that is not here has its built-in default.
  std::map<std::string, std::string> origins;
  // Worth a line in the log, not an error: a variable that is not used, say.
  std::vector<std::string> notes;
};

// Either a configuration that passed every check, or all errors, one a line. Errors and
// notes hold no secrets.
absl::StatusOr<LoadedConfig> LoadConfig(const ConfigSources& sources);

}  // namespace pgsluice
