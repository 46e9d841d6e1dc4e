// The trace that a call belongs to, from its `traceparent` header:
// https://www.w3.org/TR/trace-context/. Rules file.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/tracing/trace_ids.h"

namespace pgsluice {

// What a caller says of its own span.
struct TraceParent {
  TraceId trace_id;
  SpanId span_id;
  bool is_sampled = false;

  bool operator==(const TraceParent&) const = default;
};

// Absent unless the whole header is as the standard wants it. Callers may send anything.
std::optional<TraceParent> ParseTraceParent(std::string_view traceparent);

// Longest `tracestate` that is passed on: what the standard asks for at least.
inline constexpr size_t kMaxTraceStateBytes = 512;
// Whether `tracestate`, which is passed on as it is, holds nothing but what it may.
bool IsTraceState(std::string_view tracestate);

}  // namespace pgsluice
