#include "server/config/config_draft.h"

#include "absl/strings/str_cat.h"

#include "server/config/setting_storage.h"

namespace pgsluice {

void SetSetting(std::string_view path, const google::protobuf::FieldDescriptor& field,
                google::protobuf::Message& owner, std::string_view where,
                std::string_view text, ConfigDraft& draft) {
  const std::string name(path);
  const absl::StatusOr<SettingValue> value = ParseSetting(field, text);
  if (!value.ok()) {
    draft.errors.Add(where, absl::StrCat(name, ": ", value.status().message()));
    draft.failed.insert(name);
    return;
  }
  StoreSetting(*value, field, owner);
  draft.loaded.origins[name] = where;
}

void SetSetting(const SettingPath& path, std::string_view where, std::string_view text,
                ConfigDraft& draft) {
  google::protobuf::Message* owner = OwnerOf(path, draft.loaded.config);
  if (owner == nullptr) {
    draft.errors.Add(where,
                     absl::StrCat(PathText(path),
                                  ": leaves a gap in the list; number its elements "
                                  "from 0 without holes"));
    return;
  }
  SetSetting(PathText(path), *path.back().field, *owner, where, text, draft);
}

}  // namespace pgsluice
