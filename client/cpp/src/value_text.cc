#include "client/cpp/src/value_text.h"

#include <charconv>
#include <cmath>

#include "pgsluice/client/value_reader.h"

namespace pgsluice::client {
namespace {

// PostgreSQL writes exponents below -4 and from this on in scientific form.
constexpr int kFloat8ScientificFrom = 15;
constexpr int kFloat4ScientificFrom = 6;

template <typename T>
std::string ShortestText(T value, int scientific_from) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  char buffer[64];
  auto end =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific)
          .ptr;
  std::string scientific(buffer, end);
  const size_t e = scientific.find('e');
  const int exponent = std::atoi(scientific.c_str() + e + 1);
  if (exponent < -4 || exponent >= scientific_from) return scientific;
  end =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::fixed).ptr;
  return std::string(buffer, end);
}

bool NeedsQuotes(std::string_view element) {
  if (element.empty()) return true;
  if (element.size() == 4 && (element[0] | 32) == 'n' && (element[1] | 32) == 'u' &&
      (element[2] | 32) == 'l' && (element[3] | 32) == 'l') {
    return true;
  }
  return element.find_first_of("{},\"\\ \t\n\r\v\f") != std::string_view::npos;
}

void AppendElement(std::string_view element, std::string& out) {
  if (!NeedsQuotes(element)) {
    out += element;
    return;
  }
  out += '"';
  for (char c : element) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

void AppendArray(const v1::ValueList& list, std::string_view element_type,
                 std::string& out) {
  out += '{';
  bool first = true;
  for (const v1::Value& element : list.values()) {
    if (!first) out += ',';
    first = false;
    if (element.kind_case() == v1::Value::kList) {
      AppendArray(element.list(), element_type, out);
    } else if (IsNull(element)) {
      out += "NULL";
    } else {
      AppendElement(ValueText(element, element_type), out);
    }
  }
  out += '}';
}

}  // namespace

std::string FloatText(double value) { return ShortestText(value, kFloat8ScientificFrom); }
std::string FloatText(float value) { return ShortestText(value, kFloat4ScientificFrom); }

std::string ByteaText(std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text = "\\x";
  text.reserve(2 + 2 * bytes.size());
  for (unsigned char c : bytes) {
    text += kHex[c >> 4];
    text += kHex[c & 15];
  }
  return text;
}

std::string ValueText(const v1::Value& value, std::string_view type_name) {
  switch (value.kind_case()) {
    case v1::Value::kNull:
    case v1::Value::KIND_NOT_SET: return "";
    case v1::Value::kBool: return value.bool_() ? "t" : "f";
    case v1::Value::kInt64: return std::to_string(value.int64());
    case v1::Value::kDouble:
      return type_name == "float4" ? FloatText(static_cast<float>(value.double_()))
                                   : FloatText(value.double_());
    case v1::Value::kText: return value.text();
    case v1::Value::kBytes: return ByteaText(value.bytes());
    case v1::Value::kNumeric: return value.numeric();
    case v1::Value::kJson: return value.json();
    case v1::Value::kList: {
      std::string text;
      // Array types are named after their element's with an underscore before it.
      AppendArray(value.list(), type_name.substr(type_name.empty() ? 0 : 1), text);
      return text;
    }
  }
  return "";
}

}  // namespace pgsluice::client
