// Begins the spans of calls, and makes their ids. Confined to one shard.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/random/random.h"
#include "absl/time/time.h"

#include "server/tracing/call_spans.h"
#include "server/tracing/sampler.h"
#include "server/tracing/span_queue.h"
#include "server/tracing/trace_context.h"

namespace pgsluice {

class Tracer final {
 public:
  // `queue` outlives it.
  Tracer(Sampler sampler, SpanQueue& queue) : sampler_(sampler), queue_(queue) {}
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  // Of a call that has come; `parent`: what its caller says. Takes no memory.
  struct Decision {
    bool is_sampled = false;
    TraceId trace_id = {};
  };
  Decision Decide(const std::optional<TraceParent>& parent);
  // The spans of one that is to be traced.
  std::unique_ptr<CallSpans> Begin(const Decision& decision, std::string name,
                                   absl::Time begun,
                                   const std::optional<TraceParent>& parent,
                                   std::string trace_state);
  SpanId NewSpanId();
  void Deliver(TracedCall call) { queue_.Put(std::move(call)); }

 private:
  TraceId NewTraceId();

  const Sampler sampler_;
  SpanQueue& queue_;
  // Ids have to differ, not to be secret.
  absl::InsecureBitGen random_;
};

}  // namespace pgsluice
