// Values as PostgreSQL's text: scalars and lists, checked to arrive unchanged. Rules
// file.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "pgsluice/v1/value.pb.h"

namespace pgsluice {

// What is wrong with a value, and where in it.
struct ValueProblem {
  std::string
      path;  // ".text", ".list.values[3].bytes", ".type"; empty: the value itself.
  std::string description;
};

std::string_view KindName(v1::Value::KindCase kind);
bool IsNull(const v1::Value& value);
// A kind of a later version looks unset, and must not become NULL.
std::optional<ValueProblem> CheckKnownKind(const v1::Value& value);

// Text form of a scalar that is not NULL.
std::optional<ValueProblem> ScalarText(const v1::Value& value, std::string& out);

struct ListText {
  std::string text;
  // Kind of all elements; not set when there are none but NULLs.
  v1::Value::KindCase kind = v1::Value::KIND_NOT_SET;
};

// Text form of a list, as an array. Refuses what no array can hold: lists that are not
// rectangular, more than one kind.
std::optional<ValueProblem> WriteList(const v1::ValueList& list, char delimiter,
                                      ListText& out);

}  // namespace pgsluice
