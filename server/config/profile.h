// Environment profiles: named sets of defaults, which go before the built-in ones and
// behind all that is configured.
#pragma once

#include <string>
#include <string_view>

#include "google/protobuf/descriptor.h"

#include "pgsluice/config/v1/config.pb.h"
#include "server/config/config_draft.h"

namespace pgsluice {

// As people write it: "production".
std::string ProfileName(config::v1::Profile profile);

// The default that `profile` has of its own for the setting; empty when it has none.
std::string_view ProfileDefault(const google::protobuf::FieldDescriptor& field,
                                config::v1::Profile profile);

// Sets what no source has set and the draft's profile has a default for. Wants every
// source read: the last of them may choose the profile.
void ApplyProfile(ConfigDraft& draft);

}  // namespace pgsluice
