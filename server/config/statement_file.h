// A file of named statements as it is written, before anybody looks at what its SQL says.
// Rules file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "pool/route_request.h"

namespace pgsluice {

// One entry of the list `statements`.
struct WrittenStatement {
  std::string where;  // "3:5": its line and column.
  std::string name;
  std::string sql;
  // Names of types; absent: not said.
  std::optional<std::vector<std::string>> parameters = {};
  Intent intent = Intent::kWrite;
  // Zero: not given.
  uint64_t max_rows = 0;
  uint64_t max_result_bytes = 0;
  absl::Duration max_duration = absl::ZeroDuration();
};

// The error says the line and the column, the entry, and what is wrong; it quotes no SQL.
absl::StatusOr<std::vector<WrittenStatement>> ParseStatementFile(std::string_view text);

// Whether a statement may be called so: parts of letters, digits and _, with dots
// between them, none of which begins with a digit; at most 128 bytes.
bool IsStatementName(std::string_view name);

// Patterns of such names, by commas; a "*" in one stands for any characters, or for none.
// The error says which one is none.
absl::StatusOr<std::vector<std::string>> ParseStatementPatterns(std::string_view text);

}  // namespace pgsluice
