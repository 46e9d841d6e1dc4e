#include "server/tracing/tracer.h"

#include <cstdint>
#include <cstring>
#include <utility>

namespace pgsluice {

Tracer::Decision Tracer::Decide(const std::optional<TraceParent>& parent) {
  const TraceId trace_id = parent.has_value() ? parent->trace_id : NewTraceId();
  return {.is_sampled = IsSampled(sampler_, trace_id, parent), .trace_id = trace_id};
}

std::unique_ptr<CallSpans> Tracer::Begin(const Decision& decision, std::string name,
                                         absl::Time begun,
                                         const std::optional<TraceParent>& parent,
                                         std::string trace_state) {
  Span own{.id = NewSpanId(),
           .name = std::move(name),
           .kind = SpanKind::kServer,
           .begun = begun};
  if (parent.has_value()) {
    own.parent = parent->span_id;
    own.has_remote_parent = true;
  }
  return std::make_unique<CallSpans>(*this, decision.trace_id, std::move(trace_state),
                                     std::move(own));
}

SpanId Tracer::NewSpanId() {
  SpanId id;
  while (!id.is_valid()) {
    const uint64_t number = absl::Uniform<uint64_t>(random_);
    std::memcpy(id.bytes.data(), &number, sizeof number);
  }
  return id;
}

TraceId Tracer::NewTraceId() {
  TraceId id;
  while (!id.is_valid()) {
    const uint64_t numbers[] = {absl::Uniform<uint64_t>(random_),
                                absl::Uniform<uint64_t>(random_)};
    std::memcpy(id.bytes.data(), numbers, sizeof numbers);
  }
  return id;
}

}  // namespace pgsluice
