// A message as JSON.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace pgsluice::cli {

enum class JsonLayout { kIndented, kOneLine };

// Names as in the .proto file; zeros and empty fields are there, too. Ends with a line
// end.
absl::StatusOr<std::string> MessageJson(const google::protobuf::Message& message,
                                        JsonLayout layout);

}  // namespace pgsluice::cli
