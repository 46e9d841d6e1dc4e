#include "server/config/load_config.h"

#include "absl/strings/str_cat.h"

#include "server/config/config_checks.h"
#include "server/config/config_draft.h"
#include "server/config/endpoint_sources.h"
#include "server/config/environment_overlay.h"
#include "server/config/profile.h"
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
void LowerMinSize(const std::string& pool_path, config::v1::Pool& pool,
                  ConfigDraft& draft) {
  if (pool.min_size() <= pool.max_size()) return;
  pool.set_min_size(pool.max_size());
  draft.loaded.origins[pool_path + ".min_size"] = "lowered to max_size";
}

// What no source has set: from the profile, else built in.
void AddDefaults(ConfigDraft& draft) {
  config::v1::Pools& pools = *draft.loaded.config.mutable_pools();
  const bool has_primary_min = pools.primary().has_min_size();
  const bool has_replica_min = pools.replica().has_min_size();
  ApplyProfile(draft);
  FillDefaults(draft.loaded.config);
  if (!has_primary_min) LowerMinSize("pools.primary", *pools.mutable_primary(), draft);
  if (!has_replica_min) LowerMinSize("pools.replica", *pools.mutable_replica(), draft);
}

}  // namespace

absl::StatusOr<LoadedConfig> LoadConfig(const ConfigSources& sources) {
  ConfigDraft draft;
  if (const std::optional<std::string> file = FileOf(sources)) {
    ReadYamlFile(*file, sources.environment, draft);
  }
  OverlayEnvironment(sources.environment, draft);
  for (const std::string& set : sources.sets) ApplySet(set, draft);
  AddEndpointsFromEnvironment(sources.environment, draft);

  AddDefaults(draft);

  CheckConfig(draft);
  if (draft.errors.count() > 0) return draft.errors.ToStatus();
  return std::move(draft.loaded);
}

}  // namespace pgsluice
