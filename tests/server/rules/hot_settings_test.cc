// Every setting says whether a reload changes it; this is where that is held to be true:
// another value of one marked RELOAD_HOT makes other HotSettings, of any other the same.
#include "server/hot_settings.h"

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/config/load_config.h"
#include "server/config/setting_path.h"
#include "server/config/setting_storage.h"

namespace pgsluice {
namespace {

using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;

config::v1::Config Loaded(const std::vector<std::string>& sets) {
  ConfigSources sources;
  sources.sets = sets;
  absl::StatusOr<LoadedConfig> loaded = LoadConfig(sources);
  EXPECT_TRUE(loaded.ok()) << loaded.status();
  return loaded.ok() ? loaded->config : config::v1::Config();
}

// Any other value than `value`, whether it makes sense or not.
SettingValue Other(const FieldDescriptor& field, const SettingValue& value) {
  if (const auto* flag = std::get_if<bool>(&value.value)) return {!*flag};
  if (const auto* whole = std::get_if<uint64_t>(&value.value)) return {*whole + 1};
  if (const auto* number = std::get_if<double>(&value.value)) return {*number / 2 + 1};
  if (const auto* text = std::get_if<std::string>(&value.value)) return {*text + "x"};
  if (const auto* span = std::get_if<absl::Duration>(&value.value)) {
    return {*span + absl::Seconds(1)};
  }
  const auto* choice = std::get<const EnumValueDescriptor*>(value.value);
  // The last choice, or else the one before it.
  const google::protobuf::EnumDescriptor& type = *field.enum_type();
  const EnumValueDescriptor* last = type.value(type.value_count() - 1);
  return {choice == last ? type.value(type.value_count() - 2) : last};
}

HotSettings Of(const config::v1::Config& config) {
  absl::StatusOr<HotSettings> settings = HotSettingsOf(config);
  EXPECT_TRUE(settings.ok()) << settings.status();
  return settings.ok() ? *std::move(settings) : HotSettings();
}

TEST(HotSettingsTest, HoldExactlyTheSettingsThatAreMarkedHot) {
  // Files have to be there; the profile acts through the defaults of other settings.
  const std::set<std::string> tested_below = {"profile",
                                              "endpoints[0].conninfo_file",
                                              "endpoints[0].password_file",
                                              "endpoints[0].weight",
                                              "endpoints[0].zone",
                                              "logins[0].password_file"};
  const config::v1::Config config =
      Loaded({"endpoints[0].conninfo=host=a", "endpoints[0].name=a",
              "log.slow_query_rules[0].tag=t", "pools.fair_weights[0].caller=c",
              "authentication.enabled=true", "authentication.tokens_file=t",
              "callers[0].name=c", "callers[0].settings[0].name=app.a",
              "callers[0].settings[0].value=v", "logins[0].name=l", "logins[0].user=u"});
  const HotSettings settings = Of(config);
  int hot = 0;
  for (const SettingPath& path : AllSettings()) {
    const FieldDescriptor& field = *path.back().field;
    if (tested_below.contains(PathText(path))) {
      EXPECT_TRUE(IsHot(field)) << PathText(path);
      continue;
    }
    config::v1::Config changed = config;
    google::protobuf::Message& owner = *OwnerOf(path, changed);
    const bool is_conninfo = PathText(path) == "endpoints[0].conninfo";
    const SettingValue other = is_conninfo ? SettingValue{std::string("host=b")}
                                           : Other(field, ReadSetting(field, owner));
    StoreSetting(other, field, owner);

    if (IsHot(field)) ++hot;
    EXPECT_EQ(Of(changed) != settings, IsHot(field))
        << PathText(path)
        << (IsHot(field) ? " is marked hot, but nothing applies it"
                         : " is applied, but not marked hot");
  }
  EXPECT_GT(hot, 80);
}

// They make no other endpoint, so they are no difference.
TEST(HotSettingsTest, HoldTheWeightAndZoneOfEndpoints) {
  const HotSettings settings =
      Of(Loaded({"endpoints[0].conninfo=host=a", "endpoints[0].name=a",
                 "endpoints[0].weight=7", "endpoints[0].zone=west"}));
  EXPECT_EQ(settings.cluster.endpoints[0].weight, 7u);
  EXPECT_EQ(settings.cluster.endpoints[0].zone, "west");
}

TEST(HotSettingsTest, HoldTheFilesOfEndpointsAndLogins) {
  const config::v1::Config config =
      Loaded({"endpoints[0].conninfo=host=a", "logins[0].name=l", "logins[0].user=u"});
  for (const char* path : {"endpoints[0].conninfo_file", "endpoints[0].password_file",
                           "logins[0].password_file"}) {
    config::v1::Config changed = config;
    StoreSetting({std::string("/nonexistent")}, *ParsePath(path)->back().field,
                 *OwnerOf(*ParsePath(path), changed));
    EXPECT_THAT(HotSettingsOf(changed).status().message(),
                ::testing::HasSubstr("No such file"))
        << path;
  }
}

TEST(HotSettingsTest, HoldWhatAProfileSets) {
  EXPECT_NE(Of(Loaded({"profile=production"})), Of(Loaded({})));
}

}  // namespace
}  // namespace pgsluice
