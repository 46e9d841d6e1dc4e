// A statement parameter: what a C++ value becomes on the wire.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/time/time.h"

#include "pgsluice/v1/value.pb.h"

namespace pgsluice::client {

// bytea.
struct Bytes {
  std::string value;
  bool operator==(const Bytes&) const = default;
};
// numeric, as decimal text.
struct Numeric {
  std::string value;
  bool operator==(const Numeric&) const = default;
};
// json or jsonb, as JSON text.
struct Json {
  std::string value;
  bool operator==(const Json&) const = default;
};

template <typename T>
concept IntegerParameter =
    std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> &&
    !std::same_as<T, char8_t> && !std::same_as<T, char16_t> &&
    !std::same_as<T, char32_t> && !std::same_as<T, wchar_t>;

// Implicit, so that parameters can be written as a list: {5, "x", nullptr}. Text is
// sent without a type, for PostgreSQL to infer: it fits uuid, date and enums alike.
class Parameter final {
 public:
  Parameter() = default;
  Parameter(std::nullptr_t) {}
  Parameter(std::nullopt_t) {}
  Parameter(std::same_as<bool> auto value) { value_.set_bool_(value); }
  // Up to 32 bits as integer (it widens by itself), else bigint; what does not fit
  // bigint as numeric.
  template <IntegerParameter T>
  Parameter(T value) {
    if constexpr (std::same_as<T, uint64_t> || std::same_as<T, unsigned long long>) {
      if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
        value_.set_numeric(std::to_string(value));
        return;
      }
    }
    value_.set_int64(static_cast<int64_t>(value));
    value_.set_type(TypeNameOf<T>());
  }
  Parameter(float value) {
    value_.set_double_(value);
    value_.set_type(TypeNameOf<float>());
  }
  Parameter(double value) { value_.set_double_(value); }
  Parameter(const char* text) { value_.set_text(text); }
  Parameter(std::string_view text) { value_.set_text(std::string(text)); }
  Parameter(std::string text) { value_.set_text(std::move(text)); }
  Parameter(Bytes bytes) { value_.set_bytes(std::move(bytes.value)); }
  Parameter(Numeric numeric) { value_.set_numeric(std::move(numeric.value)); }
  Parameter(Json json) { value_.set_json(std::move(json.value)); }
  // As timestamptz text in UTC, to the microsecond.
  Parameter(absl::Time time);
  explicit Parameter(v1::Value value) : value_(std::move(value)) {}

  template <typename T>
  Parameter(std::optional<T> value) {
    if (value.has_value()) *this = Parameter(*std::move(value));
  }
  // An array; nested vectors make more dimensions.
  template <typename T>
  Parameter(const std::vector<T>& elements) {
    v1::ValueList& list = *value_.mutable_list();
    for (const auto& element : elements) {
      v1::Value value = Parameter(static_cast<const T&>(element)).ToProto();
      value.clear_type();
      *list.add_values() = std::move(value);
    }
    std::string element_type = TypeNameOf<typename Innermost<T>::type>();
    if (!element_type.empty()) value_.set_type(element_type + "[]");
  }

  // The same value sent as the named built-in type: Parameter("5").As("int4").
  Parameter As(std::string type) && {
    value_.set_type(std::move(type));
    return std::move(*this);
  }
  Parameter As(std::string type) const& { return Parameter(*this).As(std::move(type)); }

  const v1::Value& ToProto() const& { return value_; }
  v1::Value ToProto() && { return std::move(value_); }

 private:
  template <typename T>
  struct Innermost {
    using type = T;
  };
  template <typename T>
  struct Innermost<std::vector<T>> : Innermost<T> {};
  template <typename T>
  struct Innermost<std::optional<T>> : Innermost<T> {};

  // Empty: fixed by the kind of the value.
  template <typename T>
  static const char* TypeNameOf() {
    if constexpr (std::same_as<T, float>) {
      return "float4";
    } else if constexpr (!std::same_as<T, bool> && std::integral<T>) {
      return sizeof(T) < 4 || std::same_as<T, int32_t> ? "int4" : "";
    } else {
      return "";
    }
  }

  v1::Value value_;
};

}  // namespace pgsluice::client
