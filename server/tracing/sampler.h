// Which calls are traced. Rules file.
#pragma once

#include <optional>

#include "server/tracing/trace_context.h"

namespace pgsluice {

struct Sampler {
  enum class Kind {
    kAlwaysOn,
    kAlwaysOff,
    kTraceIdRatio,  // By the trace id, so that all who see the trace decide alike.
  };
  Kind kind = Kind::kAlwaysOn;
  // A caller that says whether it is traced decides.
  bool is_parent_based = true;
  double ratio = 1;  // Of kTraceIdRatio.
};

// `parent`: what the caller says; absent: nothing.
bool IsSampled(const Sampler& sampler, const TraceId& trace_id,
               const std::optional<TraceParent>& parent);

}  // namespace pgsluice
