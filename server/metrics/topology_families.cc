// Endpoints: reachable, in which role, how far behind; and what has become of roles.
#include <utility>

#include "server/metrics/gateway_snapshot.h"

namespace pgsluice {

namespace {

Family OfBackend(std::string_view name, std::string_view help) {
  return {.type = FamilyType::kGauge,
          .name = std::string(name),
          .labels = {"backend"},
          .help = std::string(help)};
}

void AddBackends(const Topology& topology, absl::Time now, Families& families) {
  Family up{.type = FamilyType::kGauge,
            .name = "pgsluice_backend_up",
            .labels = {"backend", "role"},
            .help =
                "1 if the endpoint answers its probes, else 0; its role is the last "
                "one known"};
  Family probe =
      OfBackend("pgsluice_backend_probe_duration_seconds",
                "How long the last good probe took, on a connection of its own");
  Family probe_age =
      OfBackend("pgsluice_backend_probe_age_seconds", "Time since the last good probe");
  Family timeline = OfBackend("pgsluice_backend_timeline", "Its timeline");
  Family ejected = OfBackend("pgsluice_backend_ejected",
                             "1 while a replica gets no reads for its own faults");
  Family lag_time = OfBackend("pgsluice_replica_lag_seconds",
                              "For how long the primary has been ahead of the replica");
  Family lag_bytes = OfBackend("pgsluice_replica_lag_bytes",
                               "WAL that the replica has not replayed yet");
  for (const EndpointView& view : topology.endpoints) {
    up.Add({view.name, RoleName(view.role)}, view.is_reachable ? 1.0 : 0.0);
    ejected.Add({view.name}, view.ejection.has_value() ? 1.0 : 0.0);
    if (!view.last_ok.has_value()) continue;
    probe.Add({view.name}, InSeconds(view.last_ok->latency));
    probe_age.Add({view.name}, InSeconds(now - view.last_ok->at));
    timeline.Add({view.name}, static_cast<double>(view.last_ok->timeline));
    if (view.role != Role::kReplica) continue;
    if (view.lag.time.has_value()) lag_time.Add({view.name}, InSeconds(*view.lag.time));
    if (view.lag.bytes.has_value()) lag_bytes.Add({view.name}, *view.lag.bytes);
  }
  for (Family* family :
       {&up, &probe, &probe_age, &timeline, &ejected, &lag_time, &lag_bytes}) {
    families.push_back(std::move(*family));
  }
}

}  // namespace

void AddTopologyFamilies(const GatewaySnapshot& snapshot, Families& families) {
  const Topology& topology = snapshot.topology;
  AddBackends(topology, snapshot.now, families);
  families.push_back(Gauge("pgsluice_primary_available",
                           "1 while there is a primary to write to, else 0",
                           topology.HasUsablePrimary() ? 1 : 0));
  const TopologyCounters& counters = topology.counters;
  families.push_back(Counter("pgsluice_backend_role_changes_total",
                             "Times the role of an endpoint, or of several at once, "
                             "changed",
                             static_cast<double>(counters.changes)));
  families.push_back(Counter("pgsluice_primary_changes_total",
                             "Times another endpoint became the primary",
                             static_cast<double>(counters.failovers)));
  families.push_back(Counter("pgsluice_primary_outages_total",
                             "Times there was no primary to write to, after the first",
                             static_cast<double>(counters.outages)));
  families.push_back(Counter("pgsluice_primary_outage_seconds_total",
                             "How long they took together, without one that has not "
                             "ended",
                             InSeconds(counters.outage_total)));
  families.push_back(Counter("pgsluice_replica_lag_exits_total",
                             "Times a replica was taken out of rotation for its lag",
                             static_cast<double>(counters.lag_exits)));
  Family ejections{.type = FamilyType::kCounter,
                   .name = "pgsluice_backend_ejections_total",
                   .labels = {"reason"},
                   .help = "Replicas ejected, by what for"};
  for (size_t i = 0; i < snapshot.ejections.size(); ++i) {
    ejections.Add({TroubleName(static_cast<Trouble::Kind>(i))}, snapshot.ejections[i]);
  }
  families.push_back(std::move(ejections));
}

}  // namespace pgsluice
