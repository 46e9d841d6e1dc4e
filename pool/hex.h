// Bytes as PostgreSQL writes them by encode(..., 'hex'). Rules file. Abseil's own
// function differs between the releases that distributions have.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pgsluice {

// Nothing if they are no pairs of hexadecimal digits.
std::optional<std::string> BytesOfHex(std::string_view digits);

}  // namespace pgsluice
