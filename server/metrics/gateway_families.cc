// What is told of the gateway as a whole, and the order of all.
#include "server/metrics/gateway_snapshot.h"

namespace pgsluice {

Families AllFamilies(const GatewaySnapshot& snapshot) {
  Families families;
  AddRpcFamilies(snapshot, families);
  AddStatementFamilies(snapshot, families);
  AddCallFamilies(snapshot, families);
  AddPoolFamilies(snapshot, families);
  AddTopologyFamilies(snapshot, families);
  AddRoutingFamilies(snapshot, families);
  AddAlertFamilies(snapshot, families);

  families.push_back(Gauge("pgsluice_ready",
                           "1 while the gateway reports itself ready, else 0",
                           IsReady(snapshot.health) ? 1 : 0));
  families.push_back(Gauge("pgsluice_draining",
                           "1 once the gateway is shutting down, else 0",
                           snapshot.health.draining ? 1 : 0));
  families.push_back(
      Gauge("pgsluice_config_last_reload_success",
            "1 if the last reload of the configuration succeeded, or there was none",
            snapshot.has_reload_succeeded ? 1 : 0));
  families.push_back(Gauge("pgsluice_config_last_reload_timestamp_seconds",
                           "When the configuration was last reloaded, with success or "
                           "not, or else when the gateway started",
                           InSeconds(snapshot.reloaded_at - absl::UnixEpoch())));
  Family build{.type = FamilyType::kGauge,
               .name = "pgsluice_build_info",
               .labels = {"version", "commit", "grpc", "libpq"},
               .help =
                   "Always 1; the versions of the gateway and its libraries, and "
                   "the commit that it was built from, if that is known"};
  build.Add({snapshot.build.version, snapshot.build.commit, snapshot.build.grpc,
             snapshot.build.libpq},
            1.0);
  families.push_back(std::move(build));
  AddProcessFamilies(snapshot, families);
  return families;
}

}  // namespace pgsluice
