// Names of settings: paths ("endpoints[0].conninfo") and the variables that stand for
// them (PGSLUICE_ENDPOINTS_0_CONNINFO). Pure; knows the descriptor, no values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"

#include "pgsluice/config/v1/config.pb.h"
#include "pgsluice/config/v1/options.pb.h"

namespace pgsluice {

inline constexpr std::string_view kVariablePrefix = "PGSLUICE_";

struct PathStep {
  const google::protobuf::FieldDescriptor* field;
  std::optional<int> index;  // Given for lists, and only for those.
};
using SettingPath = std::vector<PathStep>;

// A group holds settings and has no value of its own.
bool IsGroup(const google::protobuf::FieldDescriptor& field);
// The facts of a setting or a group.
const config::v1::Setting& FactsOf(const google::protobuf::FieldDescriptor& field);

// Whether a change takes effect by a reload.
bool IsHot(const google::protobuf::FieldDescriptor& field);

// Of each single setting, in order of declaration; lists with the one element [0].
std::vector<SettingPath> AllSettings();

std::string PathText(const SettingPath& path);
std::string VariableName(const SettingPath& path);

// Of a single setting, not of a group. The error says which part is unknown.
absl::StatusOr<SettingPath> ParsePath(std::string_view text);
// `name` with its prefix. Absent when it stands for no single setting.
std::optional<SettingPath> PathOfVariable(std::string_view name);

// Names of the fields of `group`, for suggestions.
std::vector<std::string> FieldNames(const google::protobuf::Descriptor& group);
// What to say after `unknown field "..."`: a near name in `group`, or where the field is.
std::string FieldHint(const google::protobuf::Descriptor& group, std::string_view name);

// The message that holds the last step's field; list elements are made as needed. Null
// when an index leaves a gap in its list.
google::protobuf::Message* OwnerOf(const SettingPath& path, config::v1::Config& config);

}  // namespace pgsluice
