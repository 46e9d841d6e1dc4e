// Whether a statement can leave state behind on its session: settings, locks, temporary
// tables and the like. Judged by its text alone, which shows every call of a function but
// those hidden in views, triggers, operators and such. Rules file.
#pragma once

#include <string_view>

#include "pool/statement_kind.h"

namespace pgsluice {

enum class StateRisk {
  kNone,      // It calls nothing but built-in functions known to leave nothing behind.
  kPossible,  // It may; also when the text is not understood.
};

// One pass over the text. `kind` is ClassifyStatement(sql).
StateRisk JudgeStateRisk(StatementKind kind, std::string_view sql);

}  // namespace pgsluice
