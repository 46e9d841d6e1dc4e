// What names the trace of a call's statements to PostgreSQL: their session's
// application_name, for as long as their transaction lasts. Rules file.
#pragma once

#include <string>
#include <string_view>

#include "pool/statement.h"

namespace pgsluice {

// "pgsluice;trace=0af7651916cd43dd8448eb211c80319c". What PostgreSQL would cut is cut off
// the session's own name, so that the trace is there in any case.
std::string LabelledName(std::string_view application_name, std::string_view trace_id);

// Gives a session that name, and sets what `settings` sets, if there are any.
Statement PreambleOf(std::string labelled_name, const Statement* settings);

}  // namespace pgsluice
