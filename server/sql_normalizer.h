// SQL with its constants replaced by "?", so that a log line holds no data. Rules file.
#pragma once

#include <string>
#include <string_view>

namespace pgsluice {

// Also drops comments (they may hold anything), joins white space, and cuts to
// `max_bytes`. Unterminated quotes are data to their end.
std::string NormalizeSql(std::string_view sql, size_t max_bytes);

}  // namespace pgsluice
