// The configuration file: YAML and the descriptor, walked together.
#pragma once

#include <string>

#include "server/config/config_draft.h"
#include "server/config/environment.h"

namespace pgsluice {

// `file` is read and named in errors, which carry line and column.
void ReadYamlFile(const std::string& file, const Environment& environment,
                  ConfigDraft& draft);

// `name` stands for the file in errors.
void ReadYaml(const std::string& text, const std::string& name,
              const Environment& environment, ConfigDraft& draft);

}  // namespace pgsluice
