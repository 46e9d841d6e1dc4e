// SQL with its constants replaced by "?", so that a log line holds no data, and
// statements of one shape look the same. Rules file.
#pragma once

#include <string>
#include <string_view>

namespace pgsluice {

// Also drops comments (they may hold anything), joins white space, and folds lists
// (sql_folding.h). Unterminated quotes are data to their end. Letters keep their case:
// people read it, and the fingerprint does not look at it.
std::string NormalizeSql(std::string_view sql);
// The same, cut to `max_bytes`.
std::string NormalizeSql(std::string_view sql, size_t max_bytes);

}  // namespace pgsluice
