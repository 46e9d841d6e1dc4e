// Short ways to write pgsluice.v1.Value in tests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/v1/value.pb.h"

namespace pgsluice::testing {

v1::Value Null();
v1::Value Bool(bool value);
v1::Value Int(int64_t value);
v1::Value Double(double value);
v1::Value Text(std::string_view value);
v1::Value Bytes(std::string_view value);
v1::Value Numeric(std::string_view value);
v1::Value Json(std::string_view value);
v1::Value List(std::vector<v1::Value> values);
// The value, to be sent as the named PostgreSQL type.
v1::Value As(std::string_view type, v1::Value value);

v1::Statement MakeStatement(std::string_view sql, std::vector<v1::Value> parameters = {});

}  // namespace pgsluice::testing
