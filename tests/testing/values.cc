#include "tests/testing/values.h"

#include <utility>

namespace pgsluice::testing {

v1::Value Null() {
  v1::Value value;
  value.set_null(v1::NULL_VALUE_UNSPECIFIED);
  return value;
}

v1::Value Bool(bool value) {
  v1::Value result;
  result.set_bool_(value);
  return result;
}

v1::Value Int(int64_t value) {
  v1::Value result;
  result.set_int64(value);
  return result;
}

v1::Value Double(double value) {
  v1::Value result;
  result.set_double_(value);
  return result;
}

v1::Value Text(std::string_view value) {
  v1::Value result;
  result.set_text(std::string(value));
  return result;
}

v1::Value Bytes(std::string_view value) {
  v1::Value result;
  result.set_bytes(std::string(value));
  return result;
}

v1::Value Numeric(std::string_view value) {
  v1::Value result;
  result.set_numeric(std::string(value));
  return result;
}

v1::Value Json(std::string_view value) {
  v1::Value result;
  result.set_json(std::string(value));
  return result;
}

v1::Value List(std::vector<v1::Value> values) {
  v1::Value result;
  result.mutable_list();
  for (v1::Value& value : values) *result.mutable_list()->add_values() = std::move(value);
  return result;
}

v1::Value As(std::string_view type, v1::Value value) {
  value.set_type(std::string(type));
  return value;
}

v1::Statement MakeStatement(std::string_view sql, std::vector<v1::Value> parameters) {
  v1::Statement statement;
  statement.set_sql(std::string(sql));
  for (v1::Value& parameter : parameters) {
    *statement.add_parameters() = std::move(parameter);
  }
  return statement;
}

}  // namespace pgsluice::testing
