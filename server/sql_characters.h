// Classes of bytes in SQL text. Rules file.
#pragma once

#include <string_view>

namespace pgsluice {

inline bool IsSqlDigit(char c) { return c >= '0' && c <= '9'; }
inline bool IsSqlSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
inline bool IsSqlLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
// Of keywords, unquoted names and numbers; every byte beyond ASCII is a letter.
inline bool IsSqlWordByte(char c) {
  return IsSqlLetter(c) || IsSqlDigit(c) || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}
// As PostgreSQL folds unquoted names.
inline char FoldSqlCase(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// The position after the word that begins at `at`.
inline size_t SkipSqlWord(std::string_view sql, size_t at) {
  while (at < sql.size() && IsSqlWordByte(sql[at])) ++at;
  return at;
}

// The position after the quoted name that begins at `at`; the end if it has none.
inline size_t SkipSqlQuotedName(std::string_view sql, size_t at) {
  for (++at; at < sql.size(); ++at) {
    if (sql[at] != '"') continue;
    if (at + 1 >= sql.size() || sql[at + 1] != '"') return at + 1;
    ++at;  // A doubled quote stands for itself.
  }
  return sql.size();
}

}  // namespace pgsluice
