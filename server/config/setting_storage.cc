#include "server/config/setting_storage.h"

#include "google/protobuf/duration.pb.h"

#include "server/config/setting_path.h"

namespace pgsluice {

using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

namespace {

constexpr int64_t kNanosPerSecond = 1000000000;

void StoreDuration(absl::Duration duration, google::protobuf::Message& message) {
  auto& stored = static_cast<google::protobuf::Duration&>(message);
  const int64_t nanos = absl::ToInt64Nanoseconds(duration);
  stored.set_seconds(nanos / kNanosPerSecond);
  stored.set_nanos(static_cast<int32_t>(nanos % kNanosPerSecond));
}

absl::Duration LoadDuration(const Message& message) {
  const auto& stored = static_cast<const google::protobuf::Duration&>(message);
  return absl::Seconds(stored.seconds()) + absl::Nanoseconds(stored.nanos());
}

}  // namespace

void StoreSetting(const SettingValue& value, const FieldDescriptor& field,
                  Message& owner) {
  const Reflection& reflection = *owner.GetReflection();
  if (const auto* flag = std::get_if<bool>(&value.value)) {
    reflection.SetBool(&owner, &field, *flag);
  } else if (const auto* whole = std::get_if<uint64_t>(&value.value)) {
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_UINT32) {
      reflection.SetUInt32(&owner, &field, static_cast<uint32_t>(*whole));
    } else {
      reflection.SetUInt64(&owner, &field, *whole);
    }
  } else if (const auto* number = std::get_if<double>(&value.value)) {
    reflection.SetDouble(&owner, &field, *number);
  } else if (const auto* text = std::get_if<std::string>(&value.value)) {
    reflection.SetString(&owner, &field, *text);
  } else if (const auto* duration = std::get_if<absl::Duration>(&value.value)) {
    StoreDuration(*duration, *reflection.MutableMessage(&owner, &field));
  } else {
    reflection.SetEnum(&owner, &field, std::get<const EnumValueDescriptor*>(value.value));
  }
}

SettingValue ReadSetting(const FieldDescriptor& field, const Message& owner) {
  const Reflection& reflection = *owner.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL: return {reflection.GetBool(owner, &field)};
    case FieldDescriptor::CPPTYPE_UINT32:
      return {uint64_t{reflection.GetUInt32(owner, &field)}};
    case FieldDescriptor::CPPTYPE_UINT64:
      return {uint64_t{reflection.GetUInt64(owner, &field)}};
    case FieldDescriptor::CPPTYPE_DOUBLE: return {reflection.GetDouble(owner, &field)};
    case FieldDescriptor::CPPTYPE_ENUM: return {reflection.GetEnum(owner, &field)};
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return {LoadDuration(reflection.GetMessage(owner, &field))};
    default: return {reflection.GetString(owner, &field)};
  }
}

void FillDefaults(Message& owner) {
  const Reflection& reflection = *owner.GetReflection();
  const google::protobuf::Descriptor& type = *owner.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.is_repeated()) {
      for (int j = 0; j < reflection.FieldSize(owner, &field); ++j) {
        FillDefaults(*reflection.MutableRepeatedMessage(&owner, &field, j));
      }
    } else if (IsGroup(field)) {
      FillDefaults(*reflection.MutableMessage(&owner, &field));
    } else if (!reflection.HasField(owner, &field)) {
      // A test parses every default, so none is lost here.
      const auto value = ParseSetting(field, FactsOf(field).default_value());
      if (value.ok()) StoreSetting(*value, field, owner);
    }
  }
}

}  // namespace pgsluice
