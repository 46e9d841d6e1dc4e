// PostgreSQL's text form of a value, as psql would show it.
#pragma once

#include <string>
#include <string_view>

#include "pgsluice/v1/value.pb.h"

namespace pgsluice::client {

// Empty for NULL. `type_name` is the column's: float4 has fewer digits than float8.
std::string ValueText(const v1::Value& value, std::string_view type_name);

// As PostgreSQL prints them: shortest digits that read back the same.
std::string FloatText(double value);
std::string FloatText(float value);
std::string ByteaText(std::string_view bytes);

}  // namespace pgsluice::client
