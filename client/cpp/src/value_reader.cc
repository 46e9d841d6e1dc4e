#include "pgsluice/client/value_reader.h"

#include "client/cpp/src/value_text.h"

namespace pgsluice::client {
namespace {

const char* KindName(const v1::Value& value) {
  switch (value.kind_case()) {
    case v1::Value::kNull:
    case v1::Value::KIND_NOT_SET: return "NULL";
    case v1::Value::kBool: return "bool";
    case v1::Value::kInt64: return "int64";
    case v1::Value::kDouble: return "double";
    case v1::Value::kText: return "text";
    case v1::Value::kBytes: return "bytes";
    case v1::Value::kNumeric: return "numeric";
    case v1::Value::kJson: return "json";
    case v1::Value::kList: return "list";
  }
  return "unknown";
}

absl::Status WrongKind(const v1::Value& value, const char* wanted) {
  if (IsNull(value)) return NullError();
  return absl::InvalidArgumentError(std::string("holds ") + KindName(value) +
                                    ", not readable as " + wanted);
}

}  // namespace

absl::Status NullError() {
  return absl::InvalidArgumentError("is NULL: read it as std::optional");
}

absl::Status IntegerOutOfRange(int64_t value, int bits) {
  return absl::OutOfRangeError("holds " + std::to_string(value) + ", too large for " +
                               std::to_string(bits) + " bits");
}

absl::Status NotAnArray(const v1::Value& value) {
  return WrongKind(value, "std::vector");
}

absl::Status ReadValue(const v1::Value& value, bool& out) {
  if (value.kind_case() != v1::Value::kBool) return WrongKind(value, "bool");
  out = value.bool_();
  return absl::OkStatus();
}

absl::Status ReadValue(const v1::Value& value, int64_t& out) {
  if (value.kind_case() != v1::Value::kInt64) return WrongKind(value, "an integer");
  out = value.int64();
  return absl::OkStatus();
}

absl::Status ReadValue(const v1::Value& value, double& out) {
  if (value.kind_case() != v1::Value::kDouble) return WrongKind(value, "double");
  out = value.double_();
  return absl::OkStatus();
}

absl::Status ReadValue(const v1::Value& value, float& out) {
  if (value.kind_case() != v1::Value::kDouble) return WrongKind(value, "float");
  out = static_cast<float>(value.double_());
  return absl::OkStatus();
}

absl::Status ReadValue(const v1::Value& value, std::string& out) {
  if (IsNull(value)) return NullError();
  out = ValueText(value, "");
  return absl::OkStatus();
}

absl::Status ReadValue(const v1::Value& value, Bytes& out) {
  if (value.kind_case() != v1::Value::kBytes) return WrongKind(value, "Bytes");
  out.value = value.bytes();
  return absl::OkStatus();
}

absl::Status ReadValue(const v1::Value& value, Numeric& out) {
  if (value.kind_case() == v1::Value::kInt64) {
    out.value = std::to_string(value.int64());
    return absl::OkStatus();
  }
  if (value.kind_case() != v1::Value::kNumeric) return WrongKind(value, "Numeric");
  out.value = value.numeric();
  return absl::OkStatus();
}

absl::Status ReadValue(const v1::Value& value, Json& out) {
  if (value.kind_case() != v1::Value::kJson) return WrongKind(value, "Json");
  out.value = value.json();
  return absl::OkStatus();
}

absl::Status ReadValue(const v1::Value& value, absl::Time& out) {
  if (value.kind_case() != v1::Value::kText) return WrongKind(value, "absl::Time");
  if (value.text() == "infinity" || value.text() == "-infinity") {
    out = value.text() == "infinity" ? absl::InfiniteFuture() : absl::InfinitePast();
    return absl::OkStatus();
  }
  std::string error;
  if (!absl::ParseTime("%E4Y-%m-%d %H:%M:%E*S%Ez", value.text(), &out, &error)) {
    return absl::InvalidArgumentError(
        "holds \"" + value.text() + "\", not a timestamptz in ISO style (" + error + ")");
  }
  return absl::OkStatus();
}

absl::Status ReadValue(const v1::Value& value, v1::Value& out) {
  out = value;
  return absl::OkStatus();
}

}  // namespace pgsluice::client
