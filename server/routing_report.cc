#include "server/routing_report.h"

#include <string>

#include "pool/outlier_detector.h"
#include "server/convert/role.h"
#include "server/convert/times.h"

namespace pgsluice {

namespace {

void FillReplica(const EndpointView& view, v1::EndpointHealth& health) {
  const ProbeResult& answer = *view.last_ok;
  health.set_receive_lsn(answer.receive_lsn);
  health.set_receiver_alive(answer.is_receiving);
  if (answer.receiver_silence.has_value()) {
    *health.mutable_receiver_silence() = ToProto(*answer.receiver_silence);
  }
  if (answer.replay_age.has_value()) {
    *health.mutable_replay_age() = ToProto(*answer.replay_age);
  }
  if (view.lag.time.has_value()) *health.mutable_replay_lag() = ToProto(*view.lag.time);
  if (view.lag.bytes.has_value()) health.set_lag_bytes(*view.lag.bytes);
}

void FillProblem(const EndpointView& view, v1::EndpointHealth& health) {
  if (!view.problem.empty()) {
    health.set_last_error(view.problem);
  } else if (view.last.has_value() && !view.last->ok) {
    health.set_last_error(view.last->error);
  } else if (!view.successor_problem.empty()) {
    health.set_last_error("its new address is not in use yet: " + view.successor_problem);
  }
}

}  // namespace

v1::EndpointHealth EndpointHealthToProto(const EndpointView& view, absl::Time now) {
  v1::EndpointHealth health;
  health.set_endpoint(view.name);
  health.set_role(view.is_reachable ? ToProto(view.role) : v1::ROLE_UNSPECIFIED);
  health.set_reachable(view.is_reachable);
  if (view.last_ok.has_value()) {
    const ProbeResult& answer = *view.last_ok;
    health.set_timeline(answer.timeline);
    health.set_lsn(answer.lsn);
    *health.mutable_probe_age() = ToProto(now - answer.at);
    *health.mutable_probe_latency() = ToProto(answer.latency);
    *health.mutable_round_trip() = ToProto(view.round_trip);
    if (answer.in_recovery) FillReplica(view, health);
  }
  if (view.ejection.has_value()) {
    health.set_ejected(true);
    health.set_ejected_why(std::string(TroubleName(view.ejection->why)));
    *health.mutable_ejected_for() = ToProto(now - view.ejection->since);
  }
  FillProblem(view, health);
  return health;
}

v1::RoutingStats RoutingStatsToProto(const Cluster& cluster) {
  const TopologyCounters counters = cluster.topology().counters;
  const FailoverBufferStats buffer = cluster.BufferStats();
  v1::RoutingStats stats;
  stats.set_topology_changes(counters.changes);
  stats.set_failovers(counters.failovers);
  stats.set_outages(counters.outages);
  *stats.mutable_outage_total() = ToProto(counters.outage_total);
  *stats.mutable_last_outage() = ToProto(counters.last_outage);
  stats.set_buffered_now(static_cast<uint32_t>(buffer.now));
  stats.set_buffered_total(buffer.total);
  stats.set_buffered_expired(buffer.expired);
  stats.set_buffered_refused(buffer.refused);
  const OutlierDetector::Counts ejections = cluster.EjectionCounts();
  for (size_t i = 0; i < ejections.size(); ++i) {
    const std::string why(TroubleName(static_cast<Trouble::Kind>(i)));
    (*stats.mutable_ejections())[why] = ejections[i];
  }
  stats.set_lag_exits(counters.lag_exits);
  return stats;
}

}  // namespace pgsluice
