// A JSON object, read as strictly as RFC 8259 allows, and a name only once: for tokens
// and keys, which others write, and of which two readers must never see two things. Rules
// file.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace pgsluice {

enum class JsonKind { kString, kNumber, kBool, kNull, kArray, kObject };

struct JsonValue {
  JsonKind kind = JsonKind::kNull;
  // Of a string what it says, without escapes; of others as written.
  std::string text;
};

class JsonObject final {
 public:
  // An error says what is wrong, never what it holds.
  static absl::StatusOr<JsonObject> Parse(std::string_view text);

  // Null when it has no such member.
  const JsonValue* Find(std::string_view name) const;
  // Absent also when the member is no string.
  std::optional<std::string> StringOf(std::string_view name) const;
  const std::map<std::string, JsonValue, std::less<>>& members() const {
    return members_;
  }

 private:
  std::map<std::string, JsonValue, std::less<>> members_;
};

absl::StatusOr<std::vector<JsonValue>> ParseJsonArray(std::string_view text);

}  // namespace pgsluice
