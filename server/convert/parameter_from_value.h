// Turns a Value into a parameter: its type and its text or binary form. Rules file.
#pragma once

#include <optional>

#include "pgsluice/v1/value.pb.h"
#include "pool/statement.h"
#include "server/convert/value_text.h"

namespace pgsluice {

// Fills `parameter`, or says why the value cannot be sent unchanged.
std::optional<ValueProblem> ParameterFromValue(const v1::Value& value,
                                               Parameter& parameter);
// Of that type, whatever type the value names.
std::optional<ValueProblem> ParameterOfType(const v1::Value& value, TypeOid type,
                                            Parameter& parameter);

}  // namespace pgsluice
