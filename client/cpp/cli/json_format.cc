#include "client/cpp/cli/json_format.h"

#include <cmath>
#include <cstdio>
#include <set>

#include "client/cpp/src/value_text.h"

namespace pgsluice::cli {

std::string JsonString(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          char escaped[7];
          std::snprintf(escaped, sizeof(escaped), "\\u%04x", c);
          out += escaped;
        } else {
          out += c;
        }
    }
  }
  return out + '"';
}

std::string JsonValue(const v1::Value& value, std::string_view type_name) {
  switch (value.kind_case()) {
    case v1::Value::kNull:
    case v1::Value::KIND_NOT_SET: return "null";
    case v1::Value::kBool: return value.bool_() ? "true" : "false";
    case v1::Value::kInt64: return std::to_string(value.int64());
    case v1::Value::kDouble: {
      std::string text = client::ValueText(value, type_name);
      return std::isfinite(value.double_()) ? text : JsonString(text);
    }
    case v1::Value::kJson: return value.json();
    case v1::Value::kText:
    case v1::Value::kBytes:
    case v1::Value::kNumeric: return JsonString(client::ValueText(value, type_name));
    case v1::Value::kList: {
      std::string out = "[";
      for (const v1::Value& element : value.list().values()) {
        if (out.size() > 1) out += ",";
        out += JsonValue(element, type_name.substr(type_name.empty() ? 0 : 1));
      }
      return out + "]";
    }
  }
  return "null";
}

std::vector<std::string> JsonKeys(const std::vector<std::string>& names) {
  std::vector<std::string> keys;
  std::set<std::string> used(names.begin(), names.end());
  std::set<std::string> given;
  for (const std::string& name : names) {
    std::string key = name;
    for (int i = 2; !given.insert(key).second; ++i) {
      const std::string candidate = name + "_" + std::to_string(i);
      if (used.insert(candidate).second) key = candidate;
    }
    keys.push_back(JsonString(key));
  }
  return keys;
}

}  // namespace pgsluice::cli
