#include "client/cpp/cli/statement_splitter.h"

#include <cctype>

namespace pgsluice::cli {
namespace {

bool IsWordChar(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Each Skip... starts at its opening and returns the position behind its end, or the
// end of the script.
size_t SkipLineComment(std::string_view script, size_t at) {
  const size_t end = script.find('\n', at);
  return end == std::string_view::npos ? script.size() : end + 1;
}

size_t SkipBlockComment(std::string_view script, size_t at) {
  int depth = 0;
  while (at < script.size()) {
    if (script.substr(at, 2) == "/*") {
      ++depth;
      at += 2;
    } else if (script.substr(at, 2) == "*/") {
      at += 2;
      if (--depth == 0) return at;
    } else {
      ++at;
    }
  }
  return at;
}

size_t SkipQuoted(std::string_view script, size_t at, bool has_backslashes) {
  const char quote = script[at++];
  while (at < script.size()) {
    if (has_backslashes && script[at] == '\\') {
      at += 2;
    } else if (script[at++] == quote) {
      // A doubled quote opens the next part of the same text: its loop goes on.
      return at;
    }
  }
  return script.size();
}

// At "$": behind the closing tag of a dollar quote, or behind "$" when it is none.
size_t SkipDollarQuoted(std::string_view script, size_t at) {
  size_t tag_end = at + 1;
  while (tag_end < script.size() && IsWordChar(script[tag_end])) ++tag_end;
  const bool is_quote = tag_end < script.size() && script[tag_end] == '$' &&
                        !std::isdigit(static_cast<unsigned char>(script[at + 1]));
  if (!is_quote) return at + 1;
  const std::string_view tag = script.substr(at, tag_end - at + 1);
  const size_t end = script.find(tag, tag_end + 1);
  return end == std::string_view::npos ? script.size() : end + tag.size();
}

void AddTrimmed(std::string_view statement, bool has_content,
                std::vector<std::string>& statements) {
  if (!has_content) return;
  const char* kSpace = " \t\r\n\f\v";
  const size_t first = statement.find_first_not_of(kSpace);
  const size_t last = statement.find_last_not_of(kSpace);
  statements.emplace_back(statement.substr(first, last - first + 1));
}

}  // namespace

std::vector<std::string> SplitStatements(std::string_view script) {
  std::vector<std::string> statements;
  size_t start = 0;
  size_t at = 0;
  bool has_content = false;  // More than space and comments.
  while (at < script.size()) {
    const char c = script[at];
    const bool in_word = at > start && IsWordChar(script[at - 1]);
    if (script.substr(at, 2) == "--") {
      at = SkipLineComment(script, at);
    } else if (script.substr(at, 2) == "/*") {
      at = SkipBlockComment(script, at);
    } else if (c == ';') {
      AddTrimmed(script.substr(start, at - start), has_content, statements);
      start = ++at;
      has_content = false;
    } else if (std::isspace(static_cast<unsigned char>(c))) {
      ++at;
    } else {
      has_content = true;
      if (c == '\'') {
        const bool is_escape_text = in_word && (script[at - 1] | 32) == 'e' &&
                                    (at - 1 == start || !IsWordChar(script[at - 2]));
        at = SkipQuoted(script, at, is_escape_text);
      } else if (c == '"') {
        at = SkipQuoted(script, at, false);
      } else if (c == '$' && !in_word) {
        at = SkipDollarQuoted(script, at);
      } else {
        ++at;
      }
    }
  }
  AddTrimmed(script.substr(start), has_content, statements);
  return statements;
}

}  // namespace pgsluice::cli
