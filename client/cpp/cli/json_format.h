// Rows as JSON objects.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/v1/value.pb.h"

namespace pgsluice::cli {

// With quotes; escapes what JSON requires.
std::string JsonString(std::string_view text);
// Integers and floats as numbers (NaN and the infinities as strings), numeric as a string
// so that no digit is lost, json as it is, bytea as "\\x...", arrays as arrays.
std::string JsonValue(const v1::Value& value, std::string_view type_name);
// Columns that bear the same name are told apart: "id", "id_2".
std::vector<std::string> JsonKeys(const std::vector<std::string>& names);

}  // namespace pgsluice::cli
