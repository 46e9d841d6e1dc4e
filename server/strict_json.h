// JSON that others have written (tokens, keys), read so that no two readers see two
// things in it: a name comes only once, and nothing holds a NUL. Rules file.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include <nlohmann/json.hpp>

namespace pgsluice {

// Of an object. An error says what is wrong, never what it holds.
absl::StatusOr<nlohmann::json> ParseStrictJson(std::string_view text);

// Null when `object` is none, or has no such member.
const nlohmann::json* FindMember(const nlohmann::json& object, std::string_view name);
// Absent also when the member is no string.
std::optional<std::string> StringMember(const nlohmann::json& object,
                                        std::string_view name);

}  // namespace pgsluice
