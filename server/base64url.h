// base64url as RFC 7515 wants it: without padding, and no text has two spellings. Rules
// file.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pgsluice {

// Absent: it is not well-formed.
std::optional<std::string> DecodeBase64Url(std::string_view text);

}  // namespace pgsluice
