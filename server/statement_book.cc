#include "server/statement_book.h"

#include <utility>

#include "pool/sql_tokens.h"
#include "pool/str_cat.h"
#include "server/convert/types.h"
#include "server/convert/utf8.h"

namespace pgsluice {

namespace {

absl::Status Wrong(const WrittenStatement& written, std::string_view what) {
  return absl::InvalidArgumentError(
      StrCat(written.where, ": statement ", written.name, ": ", what));
}

// What a request may not send, a file may not hold.
std::string_view WhyUnfit(StatementKind kind) {
  switch (kind) {
    case StatementKind::kPlain:
    case StatementKind::kOther: return "";
    case StatementKind::kTransactionControl:
      return "sql: transaction control; callers begin and end transactions by the "
             "Transaction call";
    case StatementKind::kCopy: return "sql: COPY cannot be sent through the gateway";
    case StatementKind::kListen:
      return "sql: LISTEN cannot work on sessions that are shared";
    case StatementKind::kEmpty: return "sql: holds no statement";
  }
  return "";
}

// Only of what begins as a query: bodies of functions hold semicolons of their own. What
// is missed here PostgreSQL refuses.
bool HasSecondStatement(const std::string& sql, StatementKind kind) {
  if (kind != StatementKind::kPlain) return false;
  SqlTokens tokens(sql);
  bool has_ended = false;
  while (true) {
    const SqlToken token = tokens.Next();
    if (token.kind == SqlTokenKind::kEnd || token.kind == SqlTokenKind::kUnclear) {
      return false;
    }
    if (token.IsSymbol(";")) {
      has_ended = true;
    } else if (has_ended) {
      return true;
    }
  }
}

absl::StatusOr<NamedStatement> Checked(WrittenStatement written) {
  const StatementKind kind = ClassifyStatement(written.sql);
  const std::string_view unfit = WhyUnfit(kind);
  if (!unfit.empty()) return Wrong(written, unfit);
  if (!IsValidUtf8(written.sql)) return Wrong(written, "sql: is not valid UTF-8");
  if (HasSecondStatement(written.sql, kind)) {
    return Wrong(written, "sql: holds several statements; give each a name");
  }
  NamedStatement statement{.sql = std::move(written.sql),
                           .kind = kind,
                           .terms = {.intent = written.intent,
                                     .max_rows = written.max_rows,
                                     .max_bytes = written.max_result_bytes,
                                     .max_duration = written.max_duration}};
  if (written.parameters.has_value()) {
    std::vector<TypeOid>& types = statement.types.emplace();
    for (size_t i = 0; i < written.parameters->size(); ++i) {
      const std::optional<TypeOid> type = TypeByName((*written.parameters)[i]);
      if (!type.has_value()) {
        return Wrong(written,
                     StrCat("parameters[", i,
                            "]: is not the name of a built-in type; write text and cast "
                            "in the SQL, as in $1::mood"));
      }
      types.push_back(*type);
    }
  }
  return statement;
}

}  // namespace

absl::StatusOr<StatementBook> StatementBook::Make(
    std::vector<WrittenStatement> statements) {
  StatementBook book;
  std::map<std::string, std::string, std::less<>> places;
  for (WrittenStatement& written : statements) {
    const auto [first, is_new] = places.emplace(written.name, written.where);
    if (!is_new) return Wrong(written, StrCat("the name is taken, at ", first->second));
    std::string name = written.name;
    absl::StatusOr<NamedStatement> checked = Checked(std::move(written));
    if (!checked.ok()) return checked.status();
    book.statements_.emplace(std::move(name), *std::move(checked));
  }
  return book;
}

absl::StatusOr<StatementBook> StatementBook::Parse(std::string_view text) {
  absl::StatusOr<std::vector<WrittenStatement>> written = ParseStatementFile(text);
  if (!written.ok()) return written.status();
  return Make(*std::move(written));
}

const NamedStatement* StatementBook::Find(std::string_view name) const {
  const auto found = statements_.find(name);
  return found == statements_.end() ? nullptr : &found->second;
}

}  // namespace pgsluice
