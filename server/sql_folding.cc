#include "server/sql_folding.h"

#include <optional>
#include <unordered_set>

#include "server/sql_characters.h"
#include "server/sql_fingerprint.h"

namespace pgsluice {

namespace {

bool IsWord(std::string_view text, std::string_view lower_case_word) {
  if (text.size() != lower_case_word.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (FoldSqlCase(text[i]) != lower_case_word[i]) return false;
  }
  return true;
}

bool IsConstantWord(std::string_view word) {
  return IsWord(word, "null") || IsWord(word, "true") || IsWord(word, "false") ||
         IsWord(word, "default");
}

class Folder final {
 public:
  explicit Folder(std::string_view sql) : sql_(sql) { out_.reserve(sql.size()); }

  std::string Fold() {
    while (at_ < sql_.size()) {
      const char c = sql_[at_];
      if (c == '"') {
        CopyTo(SkipSqlQuotedName(sql_, at_));
      } else if (IsSqlWordByte(c)) {
        FoldAfterWord();
      } else {
        CopyTo(at_ + 1);
      }
    }
    return std::move(out_);
  }

 private:
  void CopyTo(size_t end) {
    out_.append(sql_.substr(at_, end - at_));
    at_ = end;
  }

  void FoldAfterWord() {
    const bool is_qualified = !out_.empty() && out_.back() == '.';
    const std::string_view before = sql_.substr(0, at_);
    const std::string_view word = sql_.substr(at_, SkipSqlWord(sql_, at_) - at_);
    CopyTo(at_ + word.size());
    if (is_qualified) return;
    if (IsWord(word, "in")) {
      FoldList('(', ')');
    } else if (IsWord(word, "array")) {
      FoldList('[', ']');
    } else if (IsWord(word, "values")) {
      FoldRows();
    } else if (IsWord(word, "savepoint") &&
               (before.empty() || IsWord(before, "rollback to ") ||
                IsWord(before, "release "))) {
      FoldName();
    }
  }

  size_t SkipSpace(size_t at) const {
    return at < sql_.size() && sql_[at] == ' ' ? at + 1 : at;
  }
  bool Has(size_t at, char c) const { return at < sql_.size() && sql_[at] == c; }

  size_t SkipName(size_t at) const {
    return Has(at, '"') ? SkipSqlQuotedName(sql_, at) : SkipSqlWord(sql_, at);
  }

  // The position after a type's name, with what is in its brackets.
  size_t SkipType(size_t at) const {
    at = SkipName(at);
    while (Has(at, '.')) at = SkipName(at + 1);
    if (Has(at, '(')) {
      size_t end = at + 1;
      while (Has(end, '?') || Has(end, ',') || Has(end, ' ')) ++end;
      if (Has(end, ')')) at = end + 1;
    }
    while (Has(at, '[') && Has(at + 1, ']')) at += 2;
    return at;
  }

  // The position after a constant or parameter, maybe with a sign, a type before it and
  // casts; absent when there is something else.
  std::optional<size_t> SkipConstant(size_t at) const {
    at = SkipSpace(at);
    while (Has(at, '-') || Has(at, '+')) at = SkipSpace(at + 1);
    if (Has(at, '$')) {
      at = SkipSqlWord(sql_, at);
    } else {
      const size_t end = SkipSqlWord(sql_, at);
      const bool is_constant = IsConstantWord(sql_.substr(at, end - at));
      if (IsWord(sql_.substr(at, end - at), "select")) return std::nullopt;
      at = end;
      if (!is_constant) {
        at = SkipSpace(at);
        if (Has(at, '&')) ++at;  // U&'...'
        if (!Has(at, '?')) return std::nullopt;
        ++at;
      }
    }
    at = SkipSpace(at);
    while (Has(at, ':') && Has(at + 1, ':')) at = SkipSpace(SkipType(SkipSpace(at + 2)));
    return at;
  }

  // The position after a list of constants that begins with `open` at `at`.
  std::optional<size_t> SkipConstants(size_t at, char open, char close) const {
    if (!Has(at, open)) return std::nullopt;
    while (true) {
      const std::optional<size_t> end = SkipConstant(at + 1);
      if (!end.has_value()) return std::nullopt;
      if (Has(*end, close)) return *end + 1;
      if (!Has(*end, ',')) return std::nullopt;
      at = *end;
    }
  }

  void FoldList(char open, char close) {
    const size_t begin = SkipSpace(at_);
    const std::optional<size_t> end = SkipConstants(begin, open, close);
    if (!end.has_value()) return;
    CopyTo(begin + 1);
    out_ += "...";
    out_ += close;
    at_ = *end;
  }

  // The position after the parenthesis that closes the one at `at`; absent if none does.
  std::optional<size_t> SkipParentheses(size_t at) const {
    int depth = 0;
    while (at < sql_.size()) {
      if (sql_[at] == '"') {
        at = SkipSqlQuotedName(sql_, at);
        continue;
      }
      if (sql_[at] == '(') ++depth;
      if (sql_[at] == ')') --depth;
      ++at;
      if (depth == 0) return at;
    }
    return std::nullopt;
  }

  // What is in rows other than constants stays as it is: folding it, too, would take
  // time in proportion to the depth of VALUES in VALUES.
  void FoldRows() {
    if (!Has(SkipSpace(at_), '(')) return;
    std::unordered_set<uint64_t> shapes;
    size_t row = SkipSpace(at_);
    CopyTo(row);
    while (true) {
      std::optional<size_t> end = SkipConstants(row, '(', ')');
      const bool is_constant = end.has_value();
      if (!is_constant) end = SkipParentheses(row);
      if (!end.has_value()) return CopyTo(sql_.size());
      const std::string_view text =
          is_constant ? std::string_view("(...)") : sql_.substr(row, *end - row);
      if (shapes.insert(FingerprintOf(text)).second) {
        if (shapes.size() > 1) out_ += ", ";
        out_ += text;
      }
      at_ = *end;
      const size_t comma = SkipSpace(at_);
      if (!Has(comma, ',') || !Has(SkipSpace(comma + 1), '(')) return;
      row = SkipSpace(comma + 1);
    }
  }

  void FoldName() {
    const size_t begin = SkipSpace(at_);
    const size_t end = SkipName(begin);
    if (begin == at_ || end == begin) return;
    out_ += " ?";
    at_ = end;
  }

  const std::string_view sql_;
  size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::string FoldSql(std::string_view sql) { return Folder(sql).Fold(); }

}  // namespace pgsluice
