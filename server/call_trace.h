// Between a call and its trace: what its caller says of it, and what names it in logs.
#pragma once

#include <string>

#include "server/call_base.h"
#include "server/config/caller_methods.h"
#include "server/tracing/tracer.h"

namespace pgsluice {

// Begins the spans of a call that was just accepted, if it is to be traced.
void BeginTrace(CallBase& call, RpcMethod method, Tracer& tracer);

// As hexadecimal digits; empty: none.
struct TraceNames {
  std::string trace_id;
  // Of the call's own span; if it has none, of its caller's.
  std::string span_id;
};
TraceNames TraceNamesOf(CallBase& call);

}  // namespace pgsluice
