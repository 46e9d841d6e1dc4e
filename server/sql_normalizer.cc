#include "server/sql_normalizer.h"

#include <algorithm>

#include "server/sql_characters.h"
#include "server/sql_folding.h"

namespace pgsluice {

namespace {

// Each Skip* returns the position after what begins at `at`.
size_t SkipQuoted(std::string_view sql, size_t at, char quote, bool has_escapes) {
  for (++at; at < sql.size(); ++at) {
    if (has_escapes && sql[at] == '\\') {
      ++at;
    } else if (sql[at] == quote) {
      if (at + 1 >= sql.size() || sql[at + 1] != quote) return at + 1;
      ++at;  // A doubled quote stands for itself.
    }
  }
  return sql.size();
}

size_t SkipComment(std::string_view sql, size_t at) {
  if (sql[at] == '-') {
    const size_t end = sql.find('\n', at);
    return end == std::string_view::npos ? sql.size() : end;
  }
  int depth = 0;
  while (at < sql.size()) {
    if (sql.substr(at, 2) == "/*") {
      ++depth;
      at += 2;
    } else if (sql.substr(at, 2) == "*/") {
      at += 2;
      if (--depth == 0) return at;
    } else {
      ++at;
    }
  }
  return at;
}

// Length of a dollar quote's tag ("$$", "$tag$") at `at`; 0: none begins here.
size_t DollarTagLength(std::string_view sql, size_t at) {
  size_t end = at + 1;
  if (end < sql.size() && IsSqlDigit(sql[end])) return 0;  // A parameter: $1.
  while (end < sql.size() && sql[end] != '$' && IsSqlWordByte(sql[end])) ++end;
  return end < sql.size() && sql[end] == '$' ? end + 1 - at : 0;
}

size_t SkipDollarQuoted(std::string_view sql, size_t at, size_t tag_length) {
  const size_t end = sql.find(sql.substr(at, tag_length), at + tag_length);
  return end == std::string_view::npos ? sql.size() : end + tag_length;
}

size_t SkipNumber(std::string_view sql, size_t at) {
  while (at < sql.size()) {
    const bool is_exponent_sign =
        (sql[at] == '+' || sql[at] == '-') && (sql[at - 1] == 'e' || sql[at - 1] == 'E');
    if (!IsSqlWordByte(sql[at]) && sql[at] != '.' && !is_exponent_sign) break;
    ++at;
  }
  return at;
}

// Constants become "?", comments and white space one space.
std::string ReplaceConstants(std::string_view sql) {
  std::string out;
  out.reserve(sql.size());
  const auto add = [&out](std::string_view text) { out.append(text); };
  size_t at = 0;
  // After a constant with escapes: one that follows on the next line continues it.
  bool may_continue_escapes = false;
  while (at < sql.size()) {
    const char c = sql[at];
    const std::string_view two = sql.substr(at, 2);
    if (IsSqlSpace(c) || two == "--" || two == "/*") {
      at = IsSqlSpace(c) ? at + 1 : SkipComment(sql, at);
      if (!out.empty() && out.back() != ' ') add(" ");
      continue;
    } else if (c == '\'') {
      // E'...' has escapes; the letter before it is part of the constant.
      const bool has_letter = !out.empty() && (out.back() == 'e' || out.back() == 'E') &&
                              (out.size() == 1 || !IsSqlWordByte(out[out.size() - 2]));
      if (has_letter) out.pop_back();
      may_continue_escapes = has_letter || may_continue_escapes;
      at = SkipQuoted(sql, at, '\'', may_continue_escapes);
      add("?");
      continue;
    } else if (c == '"') {
      const size_t end = SkipQuoted(sql, at, '"', false);
      const std::string_view name = sql.substr(at, end - at);
      const bool is_terminated = std::count(name.begin(), name.end(), '"') % 2 == 0;
      add(is_terminated ? name : "?");
      at = end;
    } else if (c == '$') {
      const size_t tag_length = DollarTagLength(sql, at);
      const size_t end = tag_length == 0 ? SkipSqlWord(sql, at + 1)
                                         : SkipDollarQuoted(sql, at, tag_length);
      add(tag_length == 0 ? sql.substr(at, end - at) : "?");
      at = end;
    } else if (IsSqlDigit(c) ||
               (c == '.' && at + 1 < sql.size() && IsSqlDigit(sql[at + 1]))) {
      add("?");
      at = SkipNumber(sql, at + 1);
    } else if (IsSqlWordByte(c)) {
      const size_t end = SkipSqlWord(sql, at);
      add(sql.substr(at, end - at));
      at = end;
    } else {
      add(sql.substr(at, 1));
      ++at;
    }
    may_continue_escapes = false;
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

// Cuts between characters.
void CutText(size_t max_bytes, std::string& text) {
  if (text.size() <= max_bytes) return;
  size_t cut = max_bytes;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
  text.resize(cut);
  text += "...";
}

}  // namespace

std::string NormalizeSql(std::string_view sql) { return FoldSql(ReplaceConstants(sql)); }

std::string NormalizeSql(std::string_view sql, size_t max_bytes) {
  std::string normalized = NormalizeSql(sql);
  CutText(max_bytes, normalized);
  return normalized;
}

}  // namespace pgsluice
