// The tokens of an SQL text, cut as PostgreSQL's lexer does it: enough to tell names from
// literals and comments. Rules file.
#pragma once

#include <cstddef>
#include <string_view>

namespace pgsluice {

enum class SqlTokenKind {
  kEnd,
  kWord,        // Keyword or name, as written.
  kQuotedName,  // Name in double quotes; without them, doubled ones left as they are.
  kLiteral,     // String, number or parameter.
  kSymbol,      // "::" or one other character.
  kUnclear,  // Where the server's settings, or escapes, decide what it is. The last one.
};

struct SqlToken {
  SqlTokenKind kind = SqlTokenKind::kEnd;
  std::string_view text;

  bool IsSymbol(std::string_view symbol) const {
    return kind == SqlTokenKind::kSymbol && text == symbol;
  }
};

class SqlTokens final {
 public:
  // `sql` must outlive the tokens.
  explicit SqlTokens(std::string_view sql) : sql_(sql) {}

  SqlToken Next();

 private:
  // False when a comment does not end.
  bool SkipBlanks();
  SqlToken TakeWord();
  SqlToken TakeString(bool has_escapes);
  SqlToken TakeQuotedName();
  SqlToken TakeDollar();
  SqlToken Take(SqlTokenKind kind, size_t length);
  SqlToken Unclear();

  std::string_view sql_;  // What is left.
};

}  // namespace pgsluice
