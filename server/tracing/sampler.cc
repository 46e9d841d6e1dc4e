#include "server/tracing/sampler.h"

#include <cstdint>

namespace pgsluice {

namespace {

// The last 63 bits of the trace id against the same part of their range: as the SDKs of
// OpenTelemetry do.
bool IsInRatio(double ratio, const TraceId& trace_id) {
  if (ratio >= 1) return true;
  if (!(ratio > 0)) return false;
  uint64_t number = 0;
  for (size_t i = 8; i < trace_id.bytes.size(); ++i) {
    number = number << 8 | trace_id.bytes[i];
  }
  constexpr double kRange = 9223372036854775808.0;  // 2^63
  return number >> 1 < static_cast<uint64_t>(ratio * kRange);
}

}  // namespace

bool IsSampled(const Sampler& sampler, const TraceId& trace_id,
               const std::optional<TraceParent>& parent) {
  if (sampler.is_parent_based && parent.has_value()) return parent->is_sampled;
  switch (sampler.kind) {
    case Sampler::Kind::kAlwaysOn: return true;
    case Sampler::Kind::kAlwaysOff: return false;
    case Sampler::Kind::kTraceIdRatio: return IsInRatio(sampler.ratio, trace_id);
  }
  return false;
}

}  // namespace pgsluice
