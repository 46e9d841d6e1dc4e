#include "server/json_object.h"

#include <utility>

#include "pool/str_cat.h"
#include "server/convert/utf8.h"

namespace pgsluice {

namespace {

// Tokens and keys need two or three.
constexpr int kMostDepth = 16;

using Members = std::map<std::string, JsonValue, std::less<>>;

absl::Status Wrong(std::string_view what) {
  return absl::InvalidArgumentError(StrCat("is not good JSON: ", what));
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void AppendUtf8(uint32_t code, std::string& out) {
  const auto add = [&out](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xC0 | code >> 6);
    add(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    add(0xE0 | code >> 12);
    add(0x80 | (code >> 6 & 0x3F));
    add(0x80 | (code & 0x3F));
  } else {
    add(0xF0 | code >> 18);
    add(0x80 | (code >> 12 & 0x3F));
    add(0x80 | (code >> 6 & 0x3F));
    add(0x80 | (code & 0x3F));
  }
}

class Reader final {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  absl::StatusOr<Members> WholeObject() {
    SkipSpace();
    Members members;
    if (absl::Status read = Object(members); !read.ok()) return read;
    if (absl::Status end = CheckEnd(); !end.ok()) return end;
    return members;
  }

  absl::StatusOr<std::vector<JsonValue>> WholeArray() {
    SkipSpace();
    std::vector<JsonValue> elements;
    if (absl::Status read = Array(elements); !read.ok()) return read;
    if (absl::Status end = CheckEnd(); !end.ok()) return end;
    return elements;
  }

 private:
  char Next() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool Take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void SkipSpace() {
    while (Next() == ' ' || Next() == '\t' || Next() == '\n' || Next() == '\r') ++at_;
  }
  absl::Status CheckEnd() {
    SkipSpace();
    return at_ == text_.size() ? absl::OkStatus() : Wrong("more follows");
  }

  absl::Status Object(Members& members) {
    if (!Take('{')) return Wrong("expected an object");
    SkipSpace();
    if (Take('}')) return absl::OkStatus();
    while (true) {
      SkipSpace();
      std::string name;
      if (absl::Status read = String(name); !read.ok()) return read;
      SkipSpace();
      if (!Take(':')) return Wrong("expected a colon");
      JsonValue value;
      if (absl::Status read = Value(value); !read.ok()) return read;
      const bool is_new = members.emplace(std::move(name), std::move(value)).second;
      if (!is_new) return Wrong("a name comes twice");
      SkipSpace();
      if (Take('}')) return absl::OkStatus();
      if (!Take(',')) return Wrong("expected a comma or the end of an object");
    }
  }

  absl::Status Array(std::vector<JsonValue>& elements) {
    if (!Take('[')) return Wrong("expected an array");
    SkipSpace();
    if (Take(']')) return absl::OkStatus();
    while (true) {
      JsonValue value;
      if (absl::Status read = Value(value); !read.ok()) return read;
      elements.push_back(std::move(value));
      SkipSpace();
      if (Take(']')) return absl::OkStatus();
      if (!Take(',')) return Wrong("expected a comma or the end of an array");
    }
  }

  absl::Status Value(JsonValue& value) {
    SkipSpace();
    const size_t begin = at_;
    absl::Status read;
    if (Next() == '"') {
      value.kind = JsonKind::kString;
      return String(value.text);
    }
    if (Next() == '{' || Next() == '[') {
      if (++depth_ > kMostDepth) return Wrong("it is nested too deeply");
      value.kind = Next() == '{' ? JsonKind::kObject : JsonKind::kArray;
      Members members;
      std::vector<JsonValue> elements;
      read = Next() == '{' ? Object(members) : Array(elements);
      --depth_;
    } else if (Next() == '-' || IsDigit(Next())) {
      value.kind = JsonKind::kNumber;
      read = Number();
    } else if (TakeWord("true") || TakeWord("false")) {
      value.kind = JsonKind::kBool;
    } else if (TakeWord("null")) {
      value.kind = JsonKind::kNull;
    } else {
      return Wrong("expected a value");
    }
    if (!read.ok()) return read;
    value.text = std::string(text_.substr(begin, at_ - begin));
    return absl::OkStatus();
  }

  bool TakeWord(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  bool TakeDigits() {
    const size_t begin = at_;
    while (IsDigit(Next())) ++at_;
    return at_ > begin;
  }

  absl::Status Number() {
    Take('-');
    if (!Take('0') && !TakeDigits()) return Wrong("a number has no digits");
    if (Take('.') && !TakeDigits()) return Wrong("a number ends in a point");
    if (Next() == 'e' || Next() == 'E') {
      ++at_;
      if (!Take('+')) Take('-');
      if (!TakeDigits()) return Wrong("a number has no exponent");
    }
    return absl::OkStatus();
  }

  absl::Status String(std::string& out) {
    if (!Take('"')) return Wrong("expected a string");
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return absl::OkStatus();
      if (static_cast<unsigned char>(c) < 0x20) {
        return Wrong("a string holds a control character");
      }
      if (c != '\\') {
        out.push_back(c);
        continue;
      }
      if (absl::Status read = Escape(out); !read.ok()) return read;
    }
    return Wrong("a string has no end");
  }

  absl::Status Escape(std::string& out) {
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const char c = Next();
    ++at_;
    if (c == 'u') return Unicode(out);
    const size_t place = kLetters.find(c);
    if (c == '\0' || place == std::string_view::npos) return Wrong("an unknown escape");
    out.push_back(kMeanings[place]);
    return absl::OkStatus();
  }

  absl::Status Unicode(std::string& out) {
    uint32_t code = 0;
    if (!TakeHex(code)) return Wrong("an escape has not four hexadecimal digits");
    if (code == 0) return Wrong("a string holds NUL");
    const bool is_high = code >= 0xD800 && code < 0xDC00;
    if (is_high) {
      uint32_t low = 0;
      if (!TakeWord("\\u") || !TakeHex(low) || low < 0xDC00 || low > 0xDFFF) {
        return Wrong("half of a surrogate pair");
      }
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code <= 0xDFFF) {
      return Wrong("half of a surrogate pair");
    }
    AppendUtf8(code, out);
    return absl::OkStatus();
  }

  bool TakeHex(uint32_t& code) {
    for (int i = 0; i < 4; ++i) {
      const int digit = HexDigit(Next());
      if (digit < 0) return false;
      code = code * 16 + static_cast<uint32_t>(digit);
      ++at_;
    }
    return true;
  }

  const std::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

absl::StatusOr<JsonObject> JsonObject::Parse(std::string_view text) {
  if (!IsValidUtf8(text)) return Wrong("it is not UTF-8");
  absl::StatusOr<Members> members = Reader(text).WholeObject();
  if (!members.ok()) return members.status();
  JsonObject object;
  object.members_ = *std::move(members);
  return object;
}

const JsonValue* JsonObject::Find(std::string_view name) const {
  const auto found = members_.find(name);
  return found == members_.end() ? nullptr : &found->second;
}

std::optional<std::string> JsonObject::StringOf(std::string_view name) const {
  const JsonValue* value = Find(name);
  if (value == nullptr || value->kind != JsonKind::kString) return std::nullopt;
  return value->text;
}

absl::StatusOr<std::vector<JsonValue>> ParseJsonArray(std::string_view text) {
  if (!IsValidUtf8(text)) return Wrong("it is not UTF-8");
  return Reader(text).WholeArray();
}

}  // namespace pgsluice
