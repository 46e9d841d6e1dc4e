// Settings in and out of messages.
#pragma once

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

#include "server/config/setting_value.h"

namespace pgsluice {

void StoreSetting(const SettingValue& value,
                  const google::protobuf::FieldDescriptor& field,
                  google::protobuf::Message& owner);
SettingValue ReadSetting(const google::protobuf::FieldDescriptor& field,
                         const google::protobuf::Message& owner);

// Gives every single setting below `owner` that is not set its default.
void FillDefaults(google::protobuf::Message& owner);

}  // namespace pgsluice
