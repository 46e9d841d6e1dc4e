#include "server/config/config_diff.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"

#include "server/config/connection_string.h"
#include "server/config/setting_path.h"
#include "server/config/setting_storage.h"

namespace pgsluice {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

namespace {

constexpr char kAbsent[] = "absent";
constexpr std::string_view kEndpoints = "endpoints";

// Two groups of one type; one of them may be null: not there.
class Comparison final {
 public:
  void Compare(const Message* before, const Message* after, const std::string& path) {
    const Message& any = before != nullptr ? *before : *after;
    const google::protobuf::Descriptor& type = *any.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      const std::string name =
          path.empty() ? field.name() : absl::StrCat(path, ".", field.name());
      if (name == kEndpoints) continue;
      if (!IsGroup(field)) {
        CompareSingle(before, after, field, name);
      } else if (!field.is_repeated()) {
        const Reflection& reflection = *any.GetReflection();
        const auto part = [&](const Message* owner) {
          return owner == nullptr ? nullptr : &reflection.GetMessage(*owner, &field);
        };
        Compare(part(before), part(after), name);
      } else {
        CompareLists(before, after, field, name);
      }
    }
  }

  std::vector<SettingChange> TakeChanges() { return std::move(changes_); }

 private:
  void CompareLists(const Message* before, const Message* after,
                    const FieldDescriptor& field, const std::string& path) {
    const auto size = [&field](const Message* owner) {
      return owner == nullptr ? 0 : owner->GetReflection()->FieldSize(*owner, &field);
    };
    const auto element = [&](const Message* owner, int i) -> const Message* {
      if (i >= size(owner)) return nullptr;
      return &owner->GetReflection()->GetRepeatedMessage(*owner, &field, i);
    };
    for (int i = 0; i < std::max(size(before), size(after)); ++i) {
      Compare(element(before, i), element(after, i), absl::StrCat(path, "[", i, "]"));
    }
  }

  void CompareSingle(const Message* before, const Message* after,
                     const FieldDescriptor& field, const std::string& path) {
    const auto text = [&field](const Message* owner) {
      return owner == nullptr ? std::string(kAbsent)
                              : SettingText(ReadSetting(field, *owner), field);
    };
    const bool is_same =
        before != nullptr && after != nullptr &&
        ReadSetting(field, *before).value == ReadSetting(field, *after).value;
    if (is_same) return;
    changes_.push_back({path, text(before), text(after), IsHot(field)});
  }

  std::vector<SettingChange> changes_;
};

const Endpoint* Find(const std::vector<Endpoint>& endpoints, const std::string& name) {
  for (const Endpoint& endpoint : endpoints) {
    if (endpoint.name == name) return &endpoint;
  }
  return nullptr;
}

std::string EndpointText(const Endpoint* endpoint) {
  if (endpoint == nullptr) return kAbsent;
  const auto conninfo = ConnectionString::Parse(endpoint->conninfo);
  std::string text = conninfo.ok() ? conninfo->RedactedText() : "";
  for (const auto& [name, file] : {std::pair("conninfo_file", endpoint->conninfo_file),
                                   std::pair("password_file", endpoint->password_file)}) {
    if (!file.empty()) absl::StrAppend(&text, " ", name, ": ", file);
  }
  if (endpoint->weight != 1) absl::StrAppend(&text, " weight: ", endpoint->weight);
  if (!endpoint->zone.empty()) absl::StrAppend(&text, " zone: ", endpoint->zone);
  return text;
}

// Puts what takes a restart from `before` into `after`.
void KeepCold(const Message& before, Message& after) {
  const google::protobuf::Descriptor& type = *before.GetDescriptor();
  const Reflection& reflection = *before.GetReflection();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.is_repeated()) continue;  // A test checks that lists are hot.
    if (IsGroup(field)) {
      KeepCold(reflection.GetMessage(before, &field),
               *reflection.MutableMessage(&after, &field));
    } else if (!IsHot(field)) {
      StoreSetting(ReadSetting(field, before), field, after);
    }
  }
}

}  // namespace

std::string ChangesText(const std::vector<SettingChange>& changes) {
  std::string text;
  for (const SettingChange& change : changes) {
    absl::StrAppend(&text, text.empty() ? "" : "; ", change.path, ": ", change.before,
                    " -> ", change.after);
  }
  return text;
}

std::vector<SettingChange> DiffConfigs(const config::v1::Config& before,
                                       const config::v1::Config& after) {
  Comparison comparison;
  comparison.Compare(&before, &after, "");
  return comparison.TakeChanges();
}

std::vector<SettingChange> DiffEndpoints(const std::vector<Endpoint>& before,
                                         const std::vector<Endpoint>& after) {
  std::vector<SettingChange> changes;
  const auto compare = [&](const std::string& name) {
    const Endpoint* old = Find(before, name);
    const Endpoint* now = Find(after, name);
    const bool is_same = old != nullptr && now != nullptr && *old == *now &&
                         old->weight == now->weight && old->zone == now->zone;
    if (is_same) return;
    SettingChange change{absl::StrCat(std::string(kEndpoints), "[", name, "]"),
                         EndpointText(old), EndpointText(now), true};
    if (change.before == change.after) change.after += " (another secret)";
    changes.push_back(std::move(change));
  };
  for (const Endpoint& endpoint : before) compare(endpoint.name);
  for (const Endpoint& endpoint : after) {
    if (Find(before, endpoint.name) == nullptr) compare(endpoint.name);
  }
  return changes;
}

config::v1::Config InEffect(const config::v1::Config& before,
                            const config::v1::Config& after) {
  config::v1::Config merged = after;
  KeepCold(before, merged);
  return merged;
}

}  // namespace pgsluice
