#include "server/convert/array_text.h"

#include <array>

namespace pgsluice {
namespace {

// MAXDIM of PostgreSQL.
constexpr size_t kMaxDimensions = 6;

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

char ToLower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool IsNullWord(std::string_view text) {
  return text.size() == 4 && ToLower(text[0]) == 'n' && ToLower(text[1]) == 'u' &&
         ToLower(text[2]) == 'l' && ToLower(text[3]) == 'l';
}

class ArrayParser final {
 public:
  ArrayParser(std::string_view text, char delimiter, ScalarDecoder decode)
      : text_(text), delimiter_(delimiter), decode_(decode) {}

  bool Parse(v1::ValueList& list) {
    if (!Take('{') || !ParseRest(list, 1)) return false;
    return at_ == text_.size();
  }

 private:
  bool Take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // After the opening brace.
  bool ParseRest(v1::ValueList& list, size_t depth) {
    if (depth > kMaxDimensions) return false;
    if (Take('}')) return depth == 1;
    do {
      v1::Value& value = *list.add_values();
      const bool is_ok = Take('{')   ? ParseRest(*value.mutable_list(), depth + 1)
                         : Take('"') ? ParseQuoted(value)
                                     : ParseBare(value);
      if (!is_ok) return false;
    } while (Take(delimiter_));
    return Take('}');
  }

  bool ParseQuoted(v1::Value& value) {
    const size_t start = at_;
    at_ = text_.find_first_of("\"\\", at_);
    if (at_ == text_.npos) return false;
    if (text_[at_] == '"') {
      decode_(text_.substr(start, at_++ - start), value);
      return true;
    }
    unescaped_.assign(text_, start, at_ - start);
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\' && ++at_ == text_.size()) return false;
      unescaped_ += text_[at_++];
    }
    if (!Take('"')) return false;
    decode_(unescaped_, value);
    return true;
  }

  bool ParseBare(v1::Value& value) {
    const std::array<char, 5> ends = {delimiter_, '}', '{', '"', '\\'};
    const size_t start = at_;
    at_ = text_.find_first_of(std::string_view(ends.data(), ends.size()), at_);
    if (at_ == text_.npos || at_ == start) return false;
    const std::string_view element = text_.substr(start, at_ - start);
    if (element == "NULL") {
      value.set_null(v1::NULL_VALUE_UNSPECIFIED);
    } else {
      decode_(element, value);
    }
    return true;
  }

  const std::string_view text_;
  const char delimiter_;
  const ScalarDecoder decode_;
  size_t at_ = 0;
  std::string unescaped_;
};

}  // namespace

bool ParseArrayText(std::string_view text, char delimiter, ScalarDecoder decode,
                    v1::ValueList& list) {
  return ArrayParser(text, delimiter, decode).Parse(list);
}

void AppendArrayElement(std::string_view element, char delimiter, std::string& out) {
  bool must_quote = element.empty() || IsNullWord(element);
  for (const char c : element) {
    must_quote |=
        c == delimiter || c == '{' || c == '}' || c == '"' || c == '\\' || IsSpace(c);
  }
  if (!must_quote) {
    out += element;
    return;
  }
  out += '"';
  for (const char c : element) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

}  // namespace pgsluice
