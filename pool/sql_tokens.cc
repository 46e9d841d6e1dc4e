#include "pool/sql_tokens.h"

#include <algorithm>

namespace pgsluice {

namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
// All that is not ASCII counts as a letter.
bool IsWordStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool IsWordChar(char c) { return IsWordStart(c) || IsDigit(c) || c == '$'; }

// Length of a block comment, nested ones included; npos when it does not end.
size_t BlockCommentLength(std::string_view sql) {
  int depth = 0;
  for (size_t i = 0; i + 1 < sql.size(); ++i) {
    if (sql[i] == '/' && sql[i + 1] == '*') {
      ++depth;
      ++i;
    } else if (sql[i] == '*' && sql[i + 1] == '/') {
      ++i;
      if (--depth == 0) return i + 1;
    }
  }
  return std::string_view::npos;
}

template <class Predicate>
size_t LengthOf(std::string_view text, Predicate predicate) {
  return std::find_if_not(text.begin(), text.end(), predicate) - text.begin();
}

}  // namespace

SqlToken SqlTokens::Next() {
  if (!SkipBlanks()) return Unclear();
  if (sql_.empty()) return {};
  const char c = sql_.front();
  if (IsWordStart(c)) return TakeWord();
  if (c == '\'') return TakeString(/*has_escapes=*/false);
  if (c == '"') return TakeQuotedName();
  if (c == '$') return TakeDollar();
  // Without what may follow a digit: older servers take "1f(2)" for "1 f(2)".
  if (IsDigit(c)) return Take(SqlTokenKind::kLiteral, LengthOf(sql_, IsDigit));
  return Take(SqlTokenKind::kSymbol, sql_.starts_with("::") ? 2 : 1);
}

bool SqlTokens::SkipBlanks() {
  while (!sql_.empty()) {
    if (IsSpace(sql_.front())) {
      sql_.remove_prefix(1);
    } else if (sql_.starts_with("--")) {
      sql_.remove_prefix(std::min(sql_.find_first_of("\r\n"), sql_.size()));
    } else if (sql_.starts_with("/*")) {
      const size_t length = BlockCommentLength(sql_);
      if (length == std::string_view::npos) return false;
      sql_.remove_prefix(length);
    } else {
      break;
    }
  }
  return true;
}

SqlToken SqlTokens::TakeWord() {
  const size_t length = LengthOf(sql_, IsWordChar);
  const char next = length < sql_.size() ? sql_[length] : '\0';
  if (length == 1 && next == '\'') {
    const char prefix = sql_.front();
    sql_.remove_prefix(1);
    return TakeString(prefix == 'e' || prefix == 'E');
  }
  // U&"..." may spell any name by escapes.
  const bool is_unicode_prefix = sql_.front() == 'u' || sql_.front() == 'U';
  if (length == 1 && is_unicode_prefix && sql_.substr(1).starts_with("&\"")) {
    return Unclear();
  }
  return Take(SqlTokenKind::kWord, length);
}

SqlToken SqlTokens::TakeString(bool has_escapes) {
  for (size_t i = 1; i < sql_.size(); ++i) {
    if (sql_[i] == '\\' && has_escapes) {
      ++i;
    } else if (sql_[i] == '\'') {
      // Whether this quote ends the string is up to standard_conforming_strings.
      if (!has_escapes && sql_[i - 1] == '\\') return Unclear();
      const bool is_doubled = i + 1 < sql_.size() && sql_[i + 1] == '\'';
      if (!is_doubled) return Take(SqlTokenKind::kLiteral, i + 1);
      ++i;
    }
  }
  return Unclear();
}

SqlToken SqlTokens::TakeQuotedName() {
  for (size_t i = 1; i < sql_.size(); ++i) {
    if (sql_[i] != '"') continue;
    const bool is_doubled = i + 1 < sql_.size() && sql_[i + 1] == '"';
    if (!is_doubled) {
      const std::string_view name = sql_.substr(1, i - 1);
      sql_.remove_prefix(i + 1);
      return {SqlTokenKind::kQuotedName, name};
    }
    ++i;
  }
  return Unclear();
}

// $1, or a string between two $tag$.
SqlToken SqlTokens::TakeDollar() {
  const std::string_view after = sql_.substr(1);
  if (!after.empty() && IsDigit(after.front())) {
    return Take(SqlTokenKind::kLiteral, 1 + LengthOf(after, IsDigit));
  }
  size_t tag = 0;
  if (!after.empty() && IsWordStart(after.front())) {
    tag = LengthOf(after, [](char c) { return IsWordStart(c) || IsDigit(c); });
  }
  if (tag >= after.size() || after[tag] != '$') return Take(SqlTokenKind::kSymbol, 1);
  const std::string_view delimiter = sql_.substr(0, tag + 2);
  const size_t end = sql_.find(delimiter, delimiter.size());
  if (end == std::string_view::npos) return Unclear();
  return Take(SqlTokenKind::kLiteral, end + delimiter.size());
}

SqlToken SqlTokens::Take(SqlTokenKind kind, size_t length) {
  const std::string_view text = sql_.substr(0, length);
  sql_.remove_prefix(length);
  return {kind, text};
}

SqlToken SqlTokens::Unclear() {
  sql_ = {};
  return {SqlTokenKind::kUnclear, {}};
}

}  // namespace pgsluice
