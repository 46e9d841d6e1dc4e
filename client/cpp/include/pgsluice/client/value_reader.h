// From a value of a result to a C++ type, or a clear error.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "pgsluice/client/parameter.h"
#include "pgsluice/v1/value.pb.h"

namespace pgsluice::client {

// Does not name the column: the row does.
absl::Status NullError();
absl::Status IntegerOutOfRange(int64_t value, int bits);

absl::Status ReadValue(const v1::Value& value, bool& out);
absl::Status ReadValue(const v1::Value& value, int64_t& out);
absl::Status ReadValue(const v1::Value& value, double& out);
absl::Status ReadValue(const v1::Value& value, float& out);
absl::Status ReadValue(const v1::Value& value, std::string& out);
absl::Status ReadValue(const v1::Value& value, Bytes& out);
absl::Status ReadValue(const v1::Value& value, Numeric& out);
absl::Status ReadValue(const v1::Value& value, Json& out);
absl::Status ReadValue(const v1::Value& value, absl::Time& out);
absl::Status ReadValue(const v1::Value& value, v1::Value& out);

inline bool IsNull(const v1::Value& value) {
  return value.kind_case() == v1::Value::kNull ||
         value.kind_case() == v1::Value::KIND_NOT_SET;
}

// Smaller integers: refuses what does not fit.
template <IntegerParameter T>
absl::Status ReadValue(const v1::Value& value, T& out) {
  int64_t wide = 0;
  absl::Status read = ReadValue(value, wide);
  if (!read.ok()) return read;
  out = static_cast<T>(wide);
  if (static_cast<int64_t>(out) != wide || (std::unsigned_integral<T> && wide < 0)) {
    return IntegerOutOfRange(wide, sizeof(T) * 8);
  }
  return absl::OkStatus();
}

// Declared before they are defined: an optional may hold a vector, a vector optionals.
template <typename T>
absl::Status ReadValue(const v1::Value& value, std::optional<T>& out);
template <typename T>
absl::Status ReadValue(const v1::Value& value, std::vector<T>& out);

absl::Status NotAnArray(const v1::Value& value);

template <typename T>
absl::Status ReadValue(const v1::Value& value, std::optional<T>& out) {
  if (IsNull(value)) {
    out.reset();
    return absl::OkStatus();
  }
  return ReadValue(value, out.emplace());
}

template <typename T>
absl::Status ReadValue(const v1::Value& value, std::vector<T>& out) {
  if (value.kind_case() != v1::Value::kList) return NotAnArray(value);
  out.clear();
  for (const v1::Value& element : value.list().values()) {
    T read{};
    absl::Status status = ReadValue(element, read);
    if (!status.ok()) return status;
    out.push_back(std::move(read));
  }
  return absl::OkStatus();
}

}  // namespace pgsluice::client
