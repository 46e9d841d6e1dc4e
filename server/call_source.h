// What statements a call may send, as its environment has it.
#pragma once

#include "server/call_base.h"
#include "server/call_environment.h"
#include "server/statement_source.h"

namespace pgsluice {

// To be used at once: a reload may replace the book behind it.
inline StatementSource SourceOf(const CallEnvironment& environment,
                                const CallBase& call) {
  StatementSource source(environment.limits.statement);
  source.book = environment.book.get();
  source.rights = &environment.limits.rights;
  source.caller = call.caller_name();
  return source;
}

}  // namespace pgsluice
