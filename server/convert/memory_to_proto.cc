#include "server/convert/memory_to_proto.h"

#include "server/convert/role.h"
#include "server/convert/times.h"

namespace pgsluice {

namespace {

v1::AlertKind KindToProto(AlertKind kind) {
  switch (kind) {
    case AlertKind::kWaiters: return v1::ALERT_KIND_WAITERS;
    case AlertKind::kIdle: return v1::ALERT_KIND_IDLE;
    case AlertKind::kResponseTime: return v1::ALERT_KIND_RESPONSE_TIME;
    case AlertKind::kErrorRate: return v1::ALERT_KIND_ERROR_RATE;
    case AlertKind::kOldestWait: return v1::ALERT_KIND_OLDEST_WAIT;
    case AlertKind::kLag: return v1::ALERT_KIND_LAG;
  }
  return v1::ALERT_KIND_UNSPECIFIED;
}

v1::AlertState StateToProto(AlertState state) {
  switch (state) {
    case AlertState::kQuiet: return v1::ALERT_STATE_QUIET;
    case AlertState::kPending: return v1::ALERT_STATE_PENDING;
    case AlertState::kFiring: return v1::ALERT_STATE_FIRING;
    case AlertState::kClearing: return v1::ALERT_STATE_CLEARING;
  }
  return v1::ALERT_STATE_UNSPECIFIED;
}

void Fill(const CountSummary& summary, v1::CountSummary& proto) {
  proto.set_average(summary.average);
  proto.set_min(static_cast<uint32_t>(summary.min));
  proto.set_max(static_cast<uint32_t>(summary.max));
}

void Fill(const DurationSummary& summary, v1::DurationSummary& proto) {
  *proto.mutable_average() = ToProto(summary.average);
  *proto.mutable_min() = ToProto(summary.min);
  *proto.mutable_max() = ToProto(summary.max);
  *proto.mutable_p50() = ToProto(summary.p50);
  *proto.mutable_p95() = ToProto(summary.p95);
  *proto.mutable_p99() = ToProto(summary.p99);
}

}  // namespace

v1::EndpointMonitor ToProto(const EndpointMemory& memory) {
  v1::EndpointMonitor proto;
  proto.set_endpoint(memory.endpoint);
  *proto.mutable_now() = ToProto(memory.now);
  *proto.mutable_summary() = ToProto(memory.summary);
  for (const Sample& sample : memory.samples) *proto.add_samples() = ToProto(sample);
  for (const Alert& alert : memory.alerts) *proto.add_alerts() = ToProto(alert);
  return proto;
}

v1::Sample ToProto(const Sample& sample) {
  v1::Sample proto;
  *proto.mutable_time() = ToProto(sample.at);
  proto.set_role(ToProto(sample.role));
  proto.set_total(static_cast<uint32_t>(sample.total));
  proto.set_active(static_cast<uint32_t>(sample.active));
  proto.set_idle(static_cast<uint32_t>(sample.idle));
  proto.set_waiting(static_cast<uint32_t>(sample.waiting));
  if (sample.waiting > 0) *proto.mutable_oldest_wait() = ToProto(sample.oldest_wait);
  if (sample.response_time.has_value()) {
    *proto.mutable_response_time() = ToProto(*sample.response_time);
  }
  if (sample.lag.has_value() && sample.role == Role::kReplica) {
    *proto.mutable_lag() = ToProto(*sample.lag);
  }
  proto.set_error(sample.error);
  return proto;
}

v1::SampleSummary ToProto(const SampleSummary& summary) {
  v1::SampleSummary proto;
  proto.set_samples(static_cast<uint32_t>(summary.samples));
  proto.set_valid(static_cast<uint32_t>(summary.valid));
  proto.set_error_rate(summary.error_rate);
  if (summary.samples == 0) return proto;
  *proto.mutable_since() = ToProto(summary.oldest);
  Fill(summary.total, *proto.mutable_total());
  Fill(summary.active, *proto.mutable_active());
  Fill(summary.idle, *proto.mutable_idle());
  Fill(summary.waiting, *proto.mutable_waiting());
  if (summary.valid > 0) Fill(summary.response_time, *proto.mutable_response_time());
  return proto;
}

v1::Alert ToProto(const Alert& alert) {
  v1::Alert proto;
  proto.set_kind(KindToProto(alert.kind));
  proto.set_state(StateToProto(alert.state));
  proto.set_value(alert.value.value);
  proto.set_threshold(alert.value.threshold);
  if (alert.since.has_value()) *proto.mutable_since() = ToProto(*alert.since);
  proto.set_times_fired(alert.times_fired);
  return proto;
}

v1::AlertTransition ToProto(const AlertTransition& transition) {
  v1::AlertTransition proto;
  proto.set_sequence(transition.sequence);
  proto.set_endpoint(transition.endpoint);
  proto.set_kind(KindToProto(transition.kind));
  const bool has_fired = transition.change == AlertChange::kFired;
  proto.set_change(has_fired ? v1::ALERT_CHANGE_FIRED : v1::ALERT_CHANGE_CLEARED);
  proto.set_value(transition.value.value);
  proto.set_threshold(transition.value.threshold);
  *proto.mutable_time() = ToProto(transition.at);
  if (!has_fired) *proto.mutable_fired_for() = ToProto(transition.fired_for);
  return proto;
}

}  // namespace pgsluice
