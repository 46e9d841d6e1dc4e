// A configuration being put together: later sources overwrite earlier ones.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "server/config/config_errors.h"
#include "server/config/load_config.h"
#include "server/config/setting_path.h"

namespace pgsluice {

struct ConfigDraft {
  LoadedConfig loaded;
  ConfigErrors errors;
  std::set<std::string> failed;  // Paths whose value was refused: not checked further.
};

// Parses and stores `text`, or records why not. `where` as in LoadedConfig::origins.
void SetSetting(std::string_view path, const google::protobuf::FieldDescriptor& field,
                google::protobuf::Message& owner, std::string_view where,
                std::string_view text, ConfigDraft& draft);

// The same by path; list elements are made as needed.
void SetSetting(const SettingPath& path, std::string_view where, std::string_view text,
                ConfigDraft& draft);

}  // namespace pgsluice
