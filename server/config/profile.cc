#include "server/config/profile.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

#include "server/config/setting_path.h"
#include "server/config/setting_value.h"

namespace pgsluice {

using config::v1::Profile;
using google::protobuf::FieldDescriptor;

std::string ProfileName(Profile profile) {
  const auto* value = config::v1::Profile_descriptor()->FindValueByNumber(profile);
  return value == nullptr ? "" : absl::AsciiStrToLower(ShortName(*value));
}

std::string_view ProfileDefault(const FieldDescriptor& field, Profile profile) {
  const config::v1::ProfileDefaults& defaults = FactsOf(field).profiles();
  switch (profile) {
    case config::v1::PROFILE_DEVELOPMENT: return defaults.development();
    case config::v1::PROFILE_TEST: return defaults.test();
    case config::v1::PROFILE_PRODUCTION: return defaults.production();
    default: return {};
  }
}

void ApplyProfile(ConfigDraft& draft) {
  const Profile profile = draft.loaded.config.profile();
  const bool is_unknown = draft.failed.count("profile") > 0;
  const std::string where = absl::StrCat("profile ", ProfileName(profile));
  for (const SettingPath& path : AllSettings()) {
    const FieldDescriptor& field = *path.back().field;
    if (!FactsOf(field).has_profiles()) continue;
    const google::protobuf::Message& owner = *OwnerOf(path, draft.loaded.config);
    if (owner.GetReflection()->HasField(owner, &field)) continue;
    // Which default was meant cannot be known, so no rule is to judge it.
    if (is_unknown) draft.failed.insert(PathText(path));
    const std::string_view text = ProfileDefault(field, profile);
    if (!text.empty()) SetSetting(path, where, text, draft);
  }
}

}  // namespace pgsluice
