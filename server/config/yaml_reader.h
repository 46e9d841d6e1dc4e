// The configuration file: YAML and the descriptor, walked together.
#pragma once

#include <string>

#include "server/config/config_draft.h"

namespace pgsluice {

// `file` is read and named in errors, which carry line and column.
void ReadYamlFile(const std::string& file, ConfigDraft& draft);

// `name` stands for the file in errors.
void ReadYaml(const std::string& text, const std::string& name, ConfigDraft& draft);

}  // namespace pgsluice
