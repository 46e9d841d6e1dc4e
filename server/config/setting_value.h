// One setting's value, and its text as people write it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"

namespace pgsluice {

struct SettingValue {
  std::variant<bool, uint64_t, double, std::string, absl::Duration,
               const google::protobuf::EnumValueDescriptor*>
      value;
};

// Checks type, form and range. The error says what is wrong, without the setting's name
// and without secrets: `"abc" is not a whole number`.
absl::StatusOr<SettingValue> ParseSetting(const google::protobuf::FieldDescriptor& field,
                                          std::string_view text);

// As written in YAML, but for quotes; secrets are "***".
std::string SettingText(const SettingValue& value,
                        const google::protobuf::FieldDescriptor& field);

// "PRIMARY" of READ_FALLBACK_PRIMARY.
std::string ShortName(const google::protobuf::EnumValueDescriptor& value);
// "PRIMARY", "NONE": what may be written.
std::vector<std::string> Choices(const google::protobuf::EnumDescriptor& type);

}  // namespace pgsluice
