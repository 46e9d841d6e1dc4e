#include "server/convert/cell_decoder.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "pool/hex.h"
#include "server/convert/types.h"
#include "server/convert/utf8.h"

namespace pgsluice {
namespace {

void DecodeText(std::string_view text, v1::Value& value) {
  if (IsValidUtf8(text)) {
    value.set_text(text.data(), text.size());
  } else {
    value.set_bytes(text.data(), text.size());
  }
}

void DecodeJson(std::string_view text, v1::Value& value) {
  if (IsValidUtf8(text)) {
    value.set_json(text.data(), text.size());
  } else {
    value.set_bytes(text.data(), text.size());
  }
}

void DecodeBool(std::string_view text, v1::Value& value) {
  if (text == "t" || text == "f") {
    value.set_bool_(text == "t");
  } else {
    DecodeText(text, value);
  }
}

template <class Number>
bool ParseNumber(std::string_view text, Number& number) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end;
}

void DecodeInt(std::string_view text, v1::Value& value) {
  int64_t number = 0;
  if (ParseNumber(text, number)) {
    value.set_int64(number);
  } else {
    DecodeText(text, value);
  }
}

// A float4 is read as one: its shortest text, read as a double, would be another number.
template <class Number>
void DecodeFloat(std::string_view text, v1::Value& value) {
  Number number = 0;
  if (ParseNumber(text, number)) {
    value.set_double_(number);
  } else {
    DecodeText(text, value);
  }
}

void DecodeNumeric(std::string_view text, v1::Value& value) {
  if (IsValidUtf8(text)) {
    value.set_numeric(text.data(), text.size());
  } else {
    value.set_bytes(text.data(), text.size());
  }
}

bool IsOctal(char c, char highest) { return c >= '0' && c <= highest; }

// bytea_output = escape: "a\\b\000".
bool ParseEscaped(std::string_view text, std::string& out) {
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    if (text[i] != '\\') {
      out += text[i++];
    } else if (text.substr(i).starts_with("\\\\")) {
      out += '\\';
      i += 2;
    } else if (i + 3 < text.size() && IsOctal(text[i + 1], '3') &&
               IsOctal(text[i + 2], '7') && IsOctal(text[i + 3], '7')) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                               (text[i + 3] - '0'));
      i += 4;
    } else {
      return false;
    }
  }
  return true;
}

void DecodeBytes(std::string_view text, v1::Value& value) {
  if (!text.starts_with("\\x")) {
    if (!ParseEscaped(text, *value.mutable_bytes())) DecodeText(text, value);
    return;
  }
  // bytea_output = hex: "\\x6869".
  std::optional<std::string> bytes = BytesOfHex(text.substr(2));
  if (bytes.has_value()) {
    value.set_bytes(*std::move(bytes));
  } else {
    DecodeText(text, value);
  }
}

ScalarDecoder DecoderOf(ValueForm form) {
  switch (form) {
    case ValueForm::kText: return DecodeText;
    case ValueForm::kBool: return DecodeBool;
    case ValueForm::kInt: return DecodeInt;
    case ValueForm::kFloat4: return DecodeFloat<float>;
    case ValueForm::kFloat8: return DecodeFloat<double>;
    case ValueForm::kNumeric: return DecodeNumeric;
    case ValueForm::kBytes: return DecodeBytes;
    case ValueForm::kJson: return DecodeJson;
  }
  return DecodeText;
}

}  // namespace

CellDecoder::CellDecoder(TypeOid type) {
  const std::optional<TypeOid> element = ElementOf(type);
  decode_ = DecoderOf(FormOf(element.value_or(type)));
  is_array_ = element.has_value();
  delimiter_ = ArrayDelimiter(element.value_or(type));
}

void CellDecoder::DecodeArray(std::string_view text, v1::Value& value) const {
  if (!ParseArrayText(text, delimiter_, decode_, *value.mutable_list())) {
    DecodeText(text, value);
  }
}

}  // namespace pgsluice
