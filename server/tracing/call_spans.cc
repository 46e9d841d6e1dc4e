#include "server/tracing/call_spans.h"

#include "absl/time/clock.h"

#include "server/tracing/tracer.h"

namespace pgsluice {

CallSpans::CallSpans(Tracer& tracer, TraceId trace_id, std::string trace_state, Span own)
    : tracer_(tracer),
      own_(std::move(own)),
      parent_(own_.id),
      traced_{.trace_id = trace_id, .trace_state = std::move(trace_state)} {}

SpanId CallSpans::Add(Span span) {
  const SpanId id = tracer_.NewSpanId();
  span.id = id;
  if (!span.parent.is_valid()) span.parent = parent_;
  Keep(std::move(span));
  return id;
}

void CallSpans::Keep(Span span) {
  if (has_ended_) return;
  if (traced_.spans.size() >= kMaxSpansPerCall) {
    ++traced_.left_out;
  } else {
    traced_.spans.push_back(std::move(span));
  }
}

void CallSpans::End(absl::Time now) {
  if (has_ended_) return;
  has_ended_ = true;
  own_.ended = now;
  own_.SetIfAny("pgsluice.dropped_spans", static_cast<int64_t>(traced_.left_out));
  traced_.spans.push_back(std::move(own_));
  // Names the call to the log still.
  own_ = Span{.id = traced_.spans.back().id};
  TracedCall call = std::move(traced_);
  traced_ = TracedCall{.trace_id = call.trace_id};
  tracer_.Deliver(std::move(call));
}

SpanScope::SpanScope(CallSpans* spans, std::string_view name) : spans_(spans) {
  if (spans_ == nullptr) return;
  span_.id = spans_->tracer_.NewSpanId();
  span_.parent = std::exchange(spans_->parent_, span_.id);
  span_.name = name;
  span_.begun = absl::Now();
}

void SpanScope::End() {
  if (spans_ == nullptr) return;
  span_.ended = absl::Now();
  spans_->parent_ = span_.parent;
  spans_->Keep(std::move(span_));
  spans_ = nullptr;
}

}  // namespace pgsluice
