#include "pool/statement_kind.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace pgsluice {

namespace {

constexpr std::array<std::string_view, 8> kPlainWords = {
    "select", "insert", "update", "delete", "merge", "values", "with", "table"};
constexpr std::array<std::string_view, 8> kTransactionWords = {
    "begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release"};

template <size_t N>
bool Contains(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool IsSpace(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
// As PostgreSQL has it: letters, digits, '_', '$' and all that is not ASCII, so that a
// name which only begins like a keyword is not taken for one.
bool IsWordChar(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return std::isalnum(byte) != 0 || c == '_' || c == '$' || byte >= 0x80;
}

// Removes a block comment, nested ones included.
void SkipBlockComment(std::string_view& sql) {
  int depth = 0;
  do {
    if (sql.starts_with("/*")) {
      ++depth;
      sql.remove_prefix(2);
    } else if (sql.starts_with("*/")) {
      --depth;
      sql.remove_prefix(2);
    } else {
      sql.remove_prefix(1);
    }
  } while (depth > 0 && !sql.empty());
}

// Removes what may stand before a word.
void SkipToWord(std::string_view& sql) {
  while (!sql.empty()) {
    if (IsSpace(sql.front()) || sql.front() == '(' || sql.front() == ';') {
      sql.remove_prefix(1);
    } else if (sql.starts_with("--")) {
      // PostgreSQL ends these at either line break.
      sql.remove_prefix(std::min(sql.find_first_of("\r\n"), sql.size()));
    } else if (sql.starts_with("/*")) {
      SkipBlockComment(sql);
    } else {
      return;
    }
  }
}

// Takes the next word, in lower case; empty when something else comes.
std::string TakeWord(std::string_view& sql) {
  SkipToWord(sql);
  std::string word;
  while (!sql.empty() && IsWordChar(sql.front())) {
    word.push_back(
        static_cast<char>(std::tolower(static_cast<unsigned char>(sql.front()))));
    sql.remove_prefix(1);
  }
  return word;
}

}  // namespace

StatementKind ClassifyStatement(std::string_view sql) {
  SkipToWord(sql);
  if (sql.empty()) return StatementKind::kEmpty;
  const std::string word = TakeWord(sql);
  if (Contains(kPlainWords, word)) return StatementKind::kPlain;
  if (Contains(kTransactionWords, word)) return StatementKind::kTransactionControl;
  if (word == "copy") return StatementKind::kCopy;
  if (word == "listen") return StatementKind::kListen;
  if (word == "prepare" || word == "set") {
    // PREPARE TRANSACTION; SET [LOCAL | SESSION] TRANSACTION.
    std::string next = TakeWord(sql);
    if (word == "set" && (next == "local" || next == "session")) next = TakeWord(sql);
    if (next == "transaction") return StatementKind::kTransactionControl;
  }
  return StatementKind::kOther;
}

}  // namespace pgsluice
