#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "server/convert/utf8.h"
#include "server/convert/value_text.h"

namespace pgsluice {
namespace {

using Kind = v1::Value::KindCase;

ValueProblem ProblemAt(Kind kind, std::string description) {
  return {"." + std::string(KindName(kind)), std::move(description)};
}

template <class Number>
std::string NumberText(Number number) {
  std::array<char, 32> buffer;  // The shortest exact text of a double has at most 24.
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  return std::string(buffer.data(), result.ptr);
}

std::string DoubleText(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  return NumberText(number);
}

std::string HexText(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out = "\\x";
  out.reserve(2 + 2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

size_t SkipDigits(std::string_view text, size_t at) {
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
  return at;
}

// Of what PostgreSQL reads: a decimal with optional sign, fraction and exponent, or one
// of the special values as it prints them.
bool IsNumeric(std::string_view text) {
  if (text == "NaN" || text == "Infinity" || text == "-Infinity") return true;
  size_t at = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  const size_t whole = at;
  at = SkipDigits(text, at);
  size_t digits = at - whole;
  if (at < text.size() && text[at] == '.') {
    const size_t fraction = ++at;
    at = SkipDigits(text, at);
    digits += at - fraction;
  }
  if (digits == 0) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    const size_t exponent = at;
    at = SkipDigits(text, at);
    if (at == exponent) return false;
  }
  return at == text.size();
}

std::optional<ValueProblem> CheckText(Kind kind, std::string_view text) {
  if (!IsValidUtf8(text))
    return ProblemAt(kind, "is not valid UTF-8; send bytes instead");
  const size_t nul = text.find('\0');
  if (nul != text.npos) {
    return ProblemAt(kind,
                     "has a NUL character at byte " + std::to_string(nul) +
                         ", which PostgreSQL's text cannot hold; send bytes instead");
  }
  return std::nullopt;
}

}  // namespace

std::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kBool: return "bool";
    case Kind::kInt64: return "int64";
    case Kind::kDouble: return "double";
    case Kind::kBytes: return "bytes";
    case Kind::kNumeric: return "numeric";
    case Kind::kText: return "text";
    case Kind::kJson: return "json";
    case Kind::kList: return "list";
    case Kind::kNull:
    case Kind::KIND_NOT_SET: return "null";
  }
  return "null";
}

bool IsNull(const v1::Value& value) {
  return value.kind_case() == Kind::kNull || value.kind_case() == Kind::KIND_NOT_SET;
}

std::optional<ValueProblem> CheckKnownKind(const v1::Value& value) {
  if (value.kind_case() != Kind::KIND_NOT_SET) return std::nullopt;
  if (value.GetReflection()->GetUnknownFields(value).empty()) return std::nullopt;
  return ValueProblem{"", "is of a kind that this version does not know"};
}

// Text form of a scalar that is not NULL.
std::optional<ValueProblem> ScalarText(const v1::Value& value, std::string& out) {
  switch (value.kind_case()) {
    case Kind::kBool: out = value.bool_() ? "t" : "f"; break;
    case Kind::kInt64: out = NumberText(value.int64()); break;
    case Kind::kDouble: out = DoubleText(value.double_()); break;
    case Kind::kBytes: out = HexText(value.bytes()); break;
    case Kind::kNumeric:
      if (!IsNumeric(value.numeric())) {
        return ProblemAt(Kind::kNumeric,
                         "is not a decimal number (like -12.50, 1e6, NaN or Infinity)");
      }
      out = value.numeric();
      break;
    case Kind::kText: out = value.text(); return CheckText(Kind::kText, out);
    case Kind::kJson: out = value.json(); return CheckText(Kind::kJson, out);
    case Kind::kList:
    case Kind::kNull:
    case Kind::KIND_NOT_SET: break;
  }
  return std::nullopt;
}

}  // namespace pgsluice
