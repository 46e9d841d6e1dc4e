#include "server/config/load_config.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "server/config/config_checks.h"
#include "server/config/config_draft.h"
#include "server/config/endpoint_sources.h"
#include "server/config/environment_overlay.h"
#include "server/config/setting_storage.h"
#include "server/config/yaml_reader.h"

namespace pgsluice {

namespace {

constexpr std::string_view kFileVariable = "PGSLUICE_CONFIG";
constexpr std::string_view kSet = "--set";

std::optional<std::string> FileOf(const ConfigSources& sources) {
  if (sources.file.has_value()) return sources.file;
  const std::string_view file = ValueOf(sources.environment, kFileVariable);
  if (file.empty()) return std::nullopt;
  return std::string(file);
}

void ApplySet(const std::string& set, ConfigDraft& draft) {
  const size_t equals = set.find('=');
  if (equals == std::string::npos) {
    draft.errors.Add(kSet, "expected path=value, as in pools.primary.max_size=20");
    return;
  }
  const std::string text = set.substr(0, equals);
  const absl::StatusOr<SettingPath> path = ParsePath(text);
  if (path.ok()) return SetSetting(*path, kSet, set.substr(equals + 1), draft);
  const bool is_name = !QuotedName(text).empty();
  draft.errors.Add(is_name ? absl::StrCat("--set ", text) : std::string(kSet),
                   path.status().message().data());
}

// Whoever lowers max_size need not know of min_size.
void LowerDefaultMinSize(config::v1::Pool& pool) {
  if (pool.has_min_size() || !pool.has_max_size()) return;
  config::v1::Pool defaults;
  FillDefaults(defaults);
  pool.set_min_size(std::min(defaults.min_size(), pool.max_size()));
}

}  // namespace

absl::StatusOr<LoadedConfig> LoadConfig(const ConfigSources& sources) {
  ConfigDraft draft;
  if (const std::optional<std::string> file = FileOf(sources)) ReadYamlFile(*file, draft);
  OverlayEnvironment(sources.environment, draft);
  for (const std::string& set : sources.sets) ApplySet(set, draft);
  AddEndpointsFromEnvironment(sources.environment, draft);

  config::v1::Pools& pools = *draft.loaded.config.mutable_pools();
  LowerDefaultMinSize(*pools.mutable_primary());
  LowerDefaultMinSize(*pools.mutable_replica());
  FillDefaults(draft.loaded.config);

  CheckConfig(draft);
  if (draft.errors.count() > 0) return draft.errors.ToStatus();
  return std::move(draft.loaded);
}

}  // namespace pgsluice
