// The named statements that the gateway knows, ready to be sent: what their file says,
// checked. Shared by all shards, and replaced as a whole. Rules file.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "pool/error.h"
#include "pool/route_request.h"
#include "pool/statement.h"
#include "server/config/statement_file.h"

namespace pgsluice {

// What a statement brings along beside its SQL; of SQL text: nothing. Limits of zero are
// none.
struct StatementTerms {
  std::optional<Intent> intent = {};
  uint64_t max_rows = 0;
  uint64_t max_bytes = 0;  // As RowEncoder::RowBytes counts.
  absl::Duration max_duration = absl::ZeroDuration();
};

struct NamedStatement {
  std::string sql;
  StatementKind kind = StatementKind::kOther;
  // One for each parameter; absent: as the caller sends them.
  std::optional<std::vector<TypeOid>> types = {};
  StatementTerms terms;
};

class StatementBook final {
 public:
  StatementBook() = default;
  // The error says which entry is wrong, where it stands and why.
  static absl::StatusOr<StatementBook> Make(std::vector<WrittenStatement> statements);
  // The text of a file of them.
  static absl::StatusOr<StatementBook> Parse(std::string_view text);

  // Null: there is none of that name. Valid as long as the book.
  const NamedStatement* Find(std::string_view name) const;
  size_t size() const { return statements_.size(); }

 private:
  std::map<std::string, NamedStatement, std::less<>> statements_;
};

}  // namespace pgsluice
