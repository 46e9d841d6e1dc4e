#include "server/convert/parameter_from_value.h"

#include <string_view>
#include <utility>

#include "server/convert/types.h"

namespace pgsluice {
namespace {

using Kind = v1::Value::KindCase;

// What a kind is sent as unless `type` says otherwise.
TypeOid TypeOfKind(Kind kind) {
  switch (kind) {
    case Kind::kBool: return type_oids::kBool;
    case Kind::kInt64: return type_oids::kInt8;
    case Kind::kDouble: return type_oids::kFloat8;
    case Kind::kBytes: return type_oids::kBytea;
    case Kind::kNumeric: return type_oids::kNumeric;
    case Kind::kText:
    case Kind::kJson:
    case Kind::kNull:
    case Kind::kList:
    case Kind::KIND_NOT_SET: return type_oids::kInferred;
  }
  return type_oids::kInferred;
}

// Kinds whose text form only their own type reads as they mean it.
bool IsOnlyForOwnType(Kind kind) { return kind == Kind::kBool || kind == Kind::kBytes; }

ValueProblem WrongType(Kind kind, std::string_view own_type) {
  return {".type", "does not fit the value's kind " + std::string(KindName(kind)) +
                       ", which is sent as " + std::string(own_type) +
                       "; cast in the statement instead"};
}

std::optional<ValueProblem> FillList(const v1::Value& value, Parameter& parameter) {
  const bool has_type = parameter.type != type_oids::kInferred;
  const std::optional<TypeOid> element = ElementOf(parameter.type);
  if (has_type && !element) return WrongType(Kind::kList, "an array");

  const char delimiter = ArrayDelimiter(element.value_or(type_oids::kInferred));
  ListText list;
  if (auto problem = WriteList(value.list(), delimiter, list)) return problem;
  const TypeOid own_type = TypeOfKind(list.kind);
  if (!has_type) {
    parameter.type = ArrayOf(own_type).value_or(type_oids::kInferred);
  } else if (IsOnlyForOwnType(list.kind) && element != own_type) {
    return WrongType(list.kind, TypeName(own_type));
  }
  parameter.value = std::move(list.text);
  return std::nullopt;
}

std::optional<ValueProblem> FillScalar(const v1::Value& value, Parameter& parameter) {
  const TypeOid own_type = TypeOfKind(value.kind_case());
  if (parameter.type == type_oids::kInferred) {
    parameter.type = own_type;
  } else if (IsOnlyForOwnType(value.kind_case()) && parameter.type != own_type) {
    return WrongType(value.kind_case(), TypeName(own_type));
  }
  if (value.kind_case() == Kind::kBytes) {
    parameter.is_binary = true;
    parameter.value = value.bytes();
    return std::nullopt;
  }
  return ScalarText(value, parameter.value.emplace());
}

// Of the type that `parameter` has, or of none yet.
std::optional<ValueProblem> Fill(const v1::Value& value, Parameter& parameter) {
  if (auto problem = CheckKnownKind(value)) return problem;
  if (IsNull(value)) return std::nullopt;
  return value.kind_case() == Kind::kList ? FillList(value, parameter)
                                          : FillScalar(value, parameter);
}

}  // namespace

std::optional<ValueProblem> ParameterFromValue(const v1::Value& value,
                                               Parameter& parameter) {
  if (!value.type().empty()) {
    const std::optional<TypeOid> type = TypeByName(value.type());
    if (!type) {
      return ValueProblem{".type",
                          "is not the name of a built-in type; leave it out and "
                          "cast in the statement, as in $1::mood"};
    }
    parameter.type = *type;
  }
  return Fill(value, parameter);
}

std::optional<ValueProblem> ParameterOfType(const v1::Value& value, TypeOid type,
                                            Parameter& parameter) {
  parameter.type = type;
  return Fill(value, parameter);
}

}  // namespace pgsluice
