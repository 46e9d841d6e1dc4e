// The spans of one call while it runs. Confined to its shard.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "absl/time/time.h"

#include "server/tracing/span.h"

namespace pgsluice {

class Tracer;

// Most spans below a call's own; a transaction may go on and on.
inline constexpr size_t kMaxSpansPerCall = 128;

class CallSpans final {
 public:
  // `own`: the span of the call itself, without its end.
  CallSpans(Tracer& tracer, TraceId trace_id, std::string trace_state, Span own);
  CallSpans(const CallSpans&) = delete;
  CallSpans& operator=(const CallSpans&) = delete;

  const TraceId& trace_id() const { return traced_.trace_id; }
  const SpanId& id() const { return own_.id; }

  // A part of what is going on, which has ended. Gives it its id, which it returns, and
  // its parent, unless it has one.
  SpanId Add(Span span);
  // Ends the call's own span, with what is set in it, and hands all over. Once.
  void End(absl::Time now);
  Span& own() { return own_; }

 private:
  friend class SpanScope;
  void Keep(Span span);

  Tracer& tracer_;
  Span own_;
  SpanId parent_;  // Of spans that are added: the innermost one that is open.
  TracedCall traced_;
  bool has_ended_ = false;
};

// A span that is open: those added meanwhile are parts of it. Scopes of a call are
// nested. Does nothing when the call is not traced.
class SpanScope final {
 public:
  // `spans`: null when the call is not traced; outlives it.
  SpanScope(CallSpans* spans, std::string_view name);
  SpanScope(const SpanScope&) = delete;
  SpanScope& operator=(const SpanScope&) = delete;
  ~SpanScope() { End(); }

  // Null when the call is not traced.
  Span* span() { return spans_ == nullptr ? nullptr : &span_; }
  void End();

 private:
  CallSpans* spans_;
  Span span_;
};

}  // namespace pgsluice
