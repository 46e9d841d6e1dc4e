#include "client/cpp/src/packed_cell.h"

#include <charconv>
#include <limits>
#include <optional>
#include <string>

namespace pgsluice::client {
namespace {

absl::Status Malformed(std::string_view text, std::string_view type_name) {
  return absl::DataLossError("the gateway sent \"" + std::string(text) + "\" as " +
                             std::string(type_name));
}

std::optional<int> HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

absl::StatusOr<std::string> BytesFromHex(std::string_view text) {
  if (text.size() % 2 != 0 || text.substr(0, 2) != "\\x") return Malformed(text, "bytea");
  std::string bytes;
  bytes.reserve(text.size() / 2 - 1);
  for (size_t i = 2; i < text.size(); i += 2) {
    std::optional<int> high = HexDigit(text[i]);
    std::optional<int> low = HexDigit(text[i + 1]);
    if (!high || !low) return Malformed(text, "bytea");
    bytes += static_cast<char>(*high << 4 | *low);
  }
  return bytes;
}

absl::StatusOr<double> DoubleFromText(std::string_view text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Malformed(text, "float8");
  }
  return number;
}

}  // namespace

absl::StatusOr<v1::Value> ValueFromText(std::string_view text,
                                        std::string_view type_name) {
  v1::Value value;
  if (type_name == "bool") {
    if (text != "t" && text != "f") return Malformed(text, type_name);
    value.set_bool_(text == "t");
  } else if (type_name == "int2" || type_name == "int4" || type_name == "int8" ||
             type_name == "oid") {
    int64_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
      return Malformed(text, type_name);
    }
    value.set_int64(number);
  } else if (type_name == "float4" || type_name == "float8") {
    absl::StatusOr<double> number = DoubleFromText(text);
    if (!number.ok()) return number.status();
    value.set_double_(*number);
  } else if (type_name == "bytea") {
    absl::StatusOr<std::string> bytes = BytesFromHex(text);
    if (!bytes.ok()) return bytes.status();
    value.set_bytes(*std::move(bytes));
  } else if (type_name == "numeric") {
    value.set_numeric(std::string(text));
  } else if (type_name == "json" || type_name == "jsonb") {
    value.set_json(std::string(text));
  } else {
    value.set_text(std::string(text));
  }
  return value;
}

}  // namespace pgsluice::client
