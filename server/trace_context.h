// The trace that a call belongs to, from its `traceparent` header:
// https://www.w3.org/TR/trace-context/. Rules file.
#pragma once

#include <string_view>

namespace pgsluice {

// The 32 lower-case hexadecimal digits of the trace id, a part of `traceparent`; empty
// unless the whole header is as the standard wants it. Callers may send anything.
std::string_view TraceIdOf(std::string_view traceparent);

}  // namespace pgsluice
