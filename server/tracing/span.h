// A span: one operation within a trace, with a begin and an end. Values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/time/time.h"

#include "server/tracing/trace_ids.h"

namespace pgsluice {

enum class SpanKind {
  kInternal,
  kServer,  // It serves a call.
  kClient,  // It waits for PostgreSQL.
};

// The attribute that names an endpoint; where that is, the exporter adds.
inline constexpr std::string_view kEndpointAttribute = "pgsluice.endpoint";

enum class SpanStatus { kUnset, kError };

struct SpanAttribute {
  std::string_view name;  // Of a constant.
  std::variant<std::string, int64_t> value;
};

struct SpanEvent {
  std::string_view name;  // Of a constant.
  absl::Time at;
};

struct Span {
  SpanId id = {};
  SpanId parent = {};  // None: it is the trace's first.
  // The parent is a span of the caller's.
  bool has_remote_parent = false;
  std::string name = {};
  SpanKind kind = SpanKind::kInternal;
  absl::Time begun = {};
  absl::Time ended = {};
  SpanStatus status = SpanStatus::kUnset;
  std::vector<SpanAttribute> attributes = {};
  std::vector<SpanEvent> events = {};

  void Set(std::string_view attribute, std::string_view text) {
    attributes.push_back({attribute, std::string(text)});
  }
  void Set(std::string_view attribute, int64_t number) {
    attributes.push_back({attribute, number});
  }
  // Nothing for an empty text, or 0.
  void SetIfAny(std::string_view attribute, std::string_view text) {
    if (!text.empty()) Set(attribute, text);
  }
  void SetIfAny(std::string_view attribute, int64_t number) {
    if (number != 0) Set(attribute, number);
  }
};

// All spans of one call, which has ended.
struct TracedCall {
  TraceId trace_id = {};
  std::string trace_state = {};
  std::vector<Span> spans = {};
  size_t left_out = 0;  // Spans beyond those that one call may have.
};

}  // namespace pgsluice
