// UTF-8 as PostgreSQL and protobuf define it: no surrogates, nothing overlong. Rules
// file.
#pragma once

#include <string>
#include <string_view>

namespace pgsluice {

bool IsValidUtf8(std::string_view text);

// `text` with a question mark for each byte that does not belong to valid UTF-8: for
// names and messages, which must arrive even from a database without an encoding
// (SQL_ASCII).
std::string ToValidUtf8(std::string_view text);

// As ToValidUtf8; what is longer than `max_bytes` is cut between characters and then ends
// in "...".
std::string CutUtf8(std::string_view text, size_t max_bytes);

}  // namespace pgsluice
