#include "client/cpp/cli/message_json.h"

#include "google/protobuf/util/json_util.h"

namespace pgsluice::cli {

absl::StatusOr<std::string> MessageJson(const google::protobuf::Message& message,
                                        JsonLayout layout) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = layout == JsonLayout::kIndented;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(message, &text, options).ok()) {
    return absl::InternalError("the answer cannot be written as JSON");
  }
  if (text.empty() || text.back() != '\n') text += '\n';
  return text;
}

}  // namespace pgsluice::cli
