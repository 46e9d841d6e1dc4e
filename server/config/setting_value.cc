#include "server/config/setting_value.h"

#include <cmath>
#include <limits>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

#include "server/config/config_errors.h"
#include "server/config/connection_string.h"
#include "server/config/setting_path.h"
#include "server/config/suggestion.h"
#include "server/config/units.h"

namespace pgsluice {

using config::v1::Setting;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;

namespace {

constexpr int kMaxPort = 65535;

absl::Status Wrong(std::string_view text, std::string_view what) {
  const std::string quoted = QuotedName(text);
  return absl::InvalidArgumentError(
      absl::StrCat(quoted.empty() ? "the value" : quoted, " ", std::string(what)));
}

absl::StatusOr<SettingValue> ParseBool(std::string_view text) {
  bool value = false;
  const bool is_on = absl::EqualsIgnoreCase(std::string(text), "on");
  if (is_on || absl::EqualsIgnoreCase(std::string(text), "off"))
    return SettingValue{is_on};
  if (absl::SimpleAtob(std::string(text), &value)) return SettingValue{value};
  return Wrong(text, "is neither true nor false");
}

absl::StatusOr<SettingValue> ParseWhole(const FieldDescriptor& field,
                                        std::string_view text) {
  if (FactsOf(field).kind() == config::v1::KIND_BYTES) {
    const std::optional<uint64_t> bytes = ParseByteSize(text);
    if (!bytes.has_value()) {
      return Wrong(text, "is not a size: write a number of bytes, or 64KiB or 4MiB");
    }
    return SettingValue{*bytes};
  }
  uint64_t number = 0;
  const bool fits = absl::SimpleAtoi(std::string(text), &number) &&
                    (field.cpp_type() == FieldDescriptor::CPPTYPE_UINT64 ||
                     number <= std::numeric_limits<uint32_t>::max());
  if (!fits) return Wrong(text, "is not a whole number");
  return SettingValue{number};
}

absl::StatusOr<SettingValue> ParseFraction(std::string_view text) {
  double number = 0;
  if (!absl::SimpleAtod(std::string(text), &number) || !std::isfinite(number)) {
    return Wrong(text, "is not a number");
  }
  return SettingValue{number};
}

absl::StatusOr<SettingValue> ParseTime(std::string_view text) {
  if (const std::optional<absl::Duration> duration = ParseDuration(text)) {
    return SettingValue{*duration};
  }
  double number = 0;
  if (absl::SimpleAtod(std::string(text), &number) && number > 0) {
    return Wrong(text, absl::StrCat("has no unit: write ", std::string(text), "s or ",
                                    std::string(text), "ms"));
  }
  return Wrong(text, "is not a duration: write 250ms, 1.5s, 5m or 1h");
}

absl::StatusOr<SettingValue> ParseChoice(const EnumDescriptor& type,
                                         std::string_view text) {
  const std::string wanted = absl::AsciiStrToUpper(
      absl::StrReplaceAll(std::string(text), {{" ", "_"}, {"-", "_"}}));
  for (int i = 1; i < type.value_count(); ++i) {  // 0 is "not given".
    if (ShortName(*type.value(i)) == wanted) return SettingValue{type.value(i)};
  }
  const std::vector<std::string> choices = Choices(type);
  return Wrong(text, absl::StrCat("is none of ", absl::StrJoin(choices, ", "),
                                  DidYouMean(wanted, choices)));
}

absl::Status CheckHostPort(std::string_view text, const absl::Status& wrong) {
  if (text.empty()) return absl::OkStatus();
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return wrong;
  const std::string host(text.substr(0, colon));
  const std::string port(text.substr(colon + 1));
  int number = 0;
  const bool is_port = !port.empty() &&
                       port.find_first_not_of("0123456789") == std::string::npos &&
                       absl::SimpleAtoi(port, &number) && number <= kMaxPort;
  if (!is_port) return wrong;
  const bool is_bracketed = host.front() == '[' && host.back() == ']' && host.size() > 2;
  if (is_bracketed) return absl::OkStatus();
  return host.find_first_of(":/@[] ") == std::string::npos ? absl::OkStatus() : wrong;
}

absl::Status CheckAddress(std::string_view text) {
  const absl::Status wrong = absl::InvalidArgumentError(
      "not an address: write host:port, [IPv6]:port or unix:/path");
  if (text.substr(0, 5) == "unix:") return text.size() > 5 ? absl::OkStatus() : wrong;
  return CheckHostPort(text, wrong);
}

absl::StatusOr<SettingValue> ParseText(const FieldDescriptor& field,
                                       std::string_view text) {
  for (char c : text) {
    if (absl::ascii_iscntrl(c)) {
      return absl::InvalidArgumentError("the value holds a control character");
    }
  }
  absl::Status status;
  const config::v1::Kind kind = FactsOf(field).kind();
  if (kind == config::v1::KIND_ADDRESS) status = CheckAddress(text);
  if (kind == config::v1::KIND_HOST_PORT) {
    status =
        CheckHostPort(text, absl::InvalidArgumentError("not host:port, nor [IPv6]:port"));
  }
  if (kind == config::v1::KIND_CONNINFO) {
    status = ConnectionString::Parse(std::string(text)).status();
  }
  if (!status.ok()) return status;
  return SettingValue{std::string(text)};
}

absl::StatusOr<SettingValue> ParseUnchecked(const FieldDescriptor& field,
                                            std::string_view text) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL: return ParseBool(text);
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64: return ParseWhole(field, text);
    case FieldDescriptor::CPPTYPE_DOUBLE: return ParseFraction(text);
    case FieldDescriptor::CPPTYPE_ENUM: return ParseChoice(*field.enum_type(), text);
    case FieldDescriptor::CPPTYPE_MESSAGE: return ParseTime(text);
    case FieldDescriptor::CPPTYPE_STRING: return ParseText(field, text);
    default: return absl::InternalError("a setting of a type that is not supported");
  }
}

// On one scale for a field's value and its limits; absent for what has no order.
std::optional<double> Magnitude(const SettingValue& value) {
  if (const auto* whole = std::get_if<uint64_t>(&value.value)) {
    return static_cast<double>(*whole);
  }
  if (const auto* number = std::get_if<double>(&value.value)) return *number;
  if (const auto* duration = std::get_if<absl::Duration>(&value.value)) {
    return absl::ToDoubleSeconds(*duration);
  }
  return std::nullopt;
}

std::optional<double> LimitOf(const FieldDescriptor& field, const std::string& text) {
  if (text.empty()) return std::nullopt;
  const absl::StatusOr<SettingValue> limit = ParseUnchecked(field, text);
  return limit.ok() ? Magnitude(*limit) : std::nullopt;
}

}  // namespace

absl::StatusOr<SettingValue> ParseSetting(const FieldDescriptor& field,
                                          std::string_view text) {
  absl::StatusOr<SettingValue> value = ParseUnchecked(field, text);
  if (!value.ok()) return value;
  const std::optional<double> magnitude = Magnitude(*value);
  if (!magnitude.has_value()) return value;
  const Setting& facts = FactsOf(field);
  const std::optional<double> min = LimitOf(field, facts.min());
  if (min.has_value() && *magnitude < *min) {
    return Wrong(text, absl::StrCat("is below the minimum, ", facts.min()));
  }
  const std::optional<double> max = LimitOf(field, facts.max());
  if (max.has_value() && *magnitude > *max) {
    return Wrong(text, absl::StrCat("is above the maximum, ", facts.max()));
  }
  return value;
}

std::string SettingText(const SettingValue& value, const FieldDescriptor& field) {
  const Setting& facts = FactsOf(field);
  if (const auto* text = std::get_if<std::string>(&value.value)) {
    if (!facts.sensitive() || text->empty()) return *text;
    if (facts.kind() != config::v1::KIND_CONNINFO) return "***";
    const absl::StatusOr<ConnectionString> parsed = ConnectionString::Parse(*text);
    return parsed.ok() ? parsed->RedactedText() : "***";
  }
  if (const auto* flag = std::get_if<bool>(&value.value)) return *flag ? "true" : "false";
  if (const auto* whole = std::get_if<uint64_t>(&value.value)) {
    const bool is_bytes = facts.kind() == config::v1::KIND_BYTES;
    return is_bytes ? ByteSizeText(*whole) : absl::StrCat(*whole);
  }
  if (const auto* number = std::get_if<double>(&value.value))
    return absl::StrCat(*number);
  if (const auto* duration = std::get_if<absl::Duration>(&value.value)) {
    return DurationText(*duration);
  }
  return ShortName(*std::get<const EnumValueDescriptor*>(value.value));
}

std::string ShortName(const EnumValueDescriptor& value) {
  // The zero value is PREFIX_UNSPECIFIED.
  const std::string& zero = value.type()->value(0)->name();
  const size_t prefix = zero.size() - std::string_view("UNSPECIFIED").size();
  return value.name().substr(prefix);
}

std::vector<std::string> Choices(const EnumDescriptor& type) {
  std::vector<std::string> choices;
  for (int i = 1; i < type.value_count(); ++i)
    choices.push_back(ShortName(*type.value(i)));
  return choices;
}

}  // namespace pgsluice
