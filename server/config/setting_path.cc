#include "server/config/setting_path.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/message.h"

#include "server/config/config_errors.h"
#include "server/config/suggestion.h"

namespace pgsluice {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

constexpr int kMostElements = 1000;

const Descriptor& Root() { return *config::v1::Config::descriptor(); }

void CollectSettings(const Descriptor& group, SettingPath& prefix,
                     std::vector<SettingPath>& found) {
  for (int i = 0; i < group.field_count(); ++i) {
    const FieldDescriptor& field = *group.field(i);
    prefix.push_back({&field, std::nullopt});
    if (field.is_repeated()) prefix.back().index = 0;
    if (IsGroup(field)) {
      CollectSettings(*field.message_type(), prefix, found);
    } else {
      found.push_back(prefix);
    }
    prefix.pop_back();
  }
}

std::string UnknownField(const Descriptor& group, std::string_view name) {
  const std::string quoted = QuotedName(name);
  if (quoted.empty()) return "unknown field";
  return absl::StrCat("unknown field ", quoted, FieldHint(group, name));
}

// Takes `digits` off the front of `rest`.
std::optional<int> TakeIndex(std::string_view& rest) {
  size_t length = 0;
  while (length < rest.size() && absl::ascii_isdigit(rest[length])) ++length;
  int index = 0;
  if (!absl::SimpleAtoi({rest.data(), length}, &index)) return std::nullopt;
  if (index >= kMostElements) return std::nullopt;
  rest.remove_prefix(length);
  return index;
}

// Field names hold underscores too, so every field that fits is tried.
bool MatchVariable(const Descriptor& group, std::string_view rest, SettingPath& path) {
  for (int i = 0; i < group.field_count(); ++i) {
    const FieldDescriptor& field = *group.field(i);
    const std::string name = absl::AsciiStrToUpper(field.name());
    if (rest.substr(0, name.size()) != name) continue;
    std::string_view tail = rest.substr(name.size());
    PathStep step{&field, std::nullopt};
    if (field.is_repeated()) {
      if (tail.empty() || tail.front() != '_') continue;
      tail.remove_prefix(1);
      step.index = TakeIndex(tail);
      if (!step.index.has_value()) continue;
    }
    path.push_back(step);
    if (!IsGroup(field) && tail.empty()) return true;
    if (IsGroup(field) && !tail.empty() && tail.front() == '_' &&
        MatchVariable(*field.message_type(), tail.substr(1), path)) {
      return true;
    }
    path.pop_back();
  }
  return false;
}

// "name" or "name[3]".
absl::StatusOr<PathStep> ParseStep(const Descriptor& group, std::string_view text) {
  std::string_view name = text;
  std::optional<int> index;
  const size_t bracket = text.find('[');
  if (bracket != std::string_view::npos) {
    name = text.substr(0, bracket);
    std::string_view rest = text.substr(bracket + 1);
    index = TakeIndex(rest);
    if (!index.has_value() || rest != "]") {
      return absl::InvalidArgumentError("an element is written as in endpoints[0]");
    }
  }
  const FieldDescriptor* field = group.FindFieldByName(std::string(name));
  if (field == nullptr) return absl::InvalidArgumentError(UnknownField(group, name));
  if (field->is_repeated() && !index.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat(field->name(), " is a list: write ", field->name(), "[0]"));
  }
  if (!field->is_repeated() && index.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat(field->name(), " is not a list"));
  }
  return PathStep{field, index};
}

}  // namespace

bool IsGroup(const FieldDescriptor& field) {
  return field.type() == FieldDescriptor::TYPE_MESSAGE &&
         field.message_type() != google::protobuf::Duration::descriptor();
}

const config::v1::Setting& FactsOf(const FieldDescriptor& field) {
  return field.options().GetExtension(config::v1::setting);
}

bool IsHot(const FieldDescriptor& field) {
  return FactsOf(field).reload() == config::v1::RELOAD_HOT;
}

std::vector<SettingPath> AllSettings() {
  std::vector<SettingPath> found;
  SettingPath prefix;
  CollectSettings(Root(), prefix, found);
  return found;
}

std::string PathText(const SettingPath& path) {
  std::string text;
  for (const PathStep& step : path) {
    absl::StrAppend(&text, text.empty() ? "" : ".", step.field->name());
    if (step.index.has_value()) absl::StrAppend(&text, "[", *step.index, "]");
  }
  return text;
}

std::string VariableName(const SettingPath& path) {
  std::string name(kVariablePrefix);
  for (const PathStep& step : path) {
    if (name.back() != '_') name += '_';
    name += absl::AsciiStrToUpper(step.field->name());
    if (step.index.has_value()) absl::StrAppend(&name, "_", *step.index);
  }
  return name;
}

absl::StatusOr<SettingPath> ParsePath(std::string_view text) {
  SettingPath path;
  const Descriptor* group = &Root();
  const std::vector<std::string> parts = absl::StrSplit(std::string(text), '.');
  for (const std::string& part : parts) {
    if (group == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat(PathText(path), " is a single setting and has no parts"));
    }
    absl::StatusOr<PathStep> step = ParseStep(*group, part);
    if (!step.ok()) return step.status();
    path.push_back(*step);
    group = IsGroup(*step->field) ? step->field->message_type() : nullptr;
  }
  if (group != nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(PathText(path), " is a group: name one setting in it, such as ",
                     PathText(path), ".", group->field(0)->name()));
  }
  return path;
}

std::optional<SettingPath> PathOfVariable(std::string_view name) {
  if (name.substr(0, kVariablePrefix.size()) != kVariablePrefix) return std::nullopt;
  SettingPath path;
  if (!MatchVariable(Root(), name.substr(kVariablePrefix.size()), path)) {
    return std::nullopt;
  }
  return path;
}

std::vector<std::string> FieldNames(const Descriptor& group) {
  std::vector<std::string> names;
  for (int i = 0; i < group.field_count(); ++i) names.push_back(group.field(i)->name());
  return names;
}

std::string FieldHint(const Descriptor& group, std::string_view name) {
  const std::string near = DidYouMean(name, FieldNames(group));
  if (!near.empty()) return near;
  for (const SettingPath& path : AllSettings()) {
    if (path.back().field->name() == name) {
      return absl::StrCat(" (did you mean \"", PathText(path), "\"?)");
    }
  }
  return "";
}

Message* OwnerOf(const SettingPath& path, config::v1::Config& config) {
  Message* owner = &config;
  for (size_t i = 0; i + 1 < path.size(); ++i) {
    const FieldDescriptor* field = path[i].field;
    const google::protobuf::Reflection& reflection = *owner->GetReflection();
    if (!field->is_repeated()) {
      owner = reflection.MutableMessage(owner, field);
      continue;
    }
    const int size = reflection.FieldSize(*owner, field);
    const int index = path[i].index.value_or(0);
    if (index > size) return nullptr;
    owner = index == size ? reflection.AddMessage(owner, field)
                          : reflection.MutableRepeatedMessage(owner, field, index);
  }
  return owner;
}

}  // namespace pgsluice
