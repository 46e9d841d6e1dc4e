// The gateway's own alerts: see PoolMonitor.
#include <utility>

#include "server/metrics/gateway_snapshot.h"

namespace pgsluice {

namespace {

bool IsFiring(const Alert& alert) {
  return alert.state == AlertState::kFiring || alert.state == AlertState::kClearing;
}

}  // namespace

void AddAlertFamilies(const GatewaySnapshot& snapshot, Families& families) {
  Family firing{.type = FamilyType::kGauge,
                .name = "pgsluice_alert_firing",
                .labels = {"backend", "alert"},
                .help =
                    "1 while an alert of the gateway (monitor.alerts) fires, else 0; "
                    "those that are not watched are left out"};
  Family fired{.type = FamilyType::kCounter,
               .name = "pgsluice_alerts_fired_total",
               .labels = {"backend", "alert"},
               .help = "Times it has fired"};
  for (const EndpointMemory& memory : snapshot.monitors) {
    for (const Alert& alert : memory.alerts) {
      const std::string_view name = AlertKindName(alert.kind);
      firing.Add({memory.endpoint, name}, IsFiring(alert) ? 1.0 : 0.0);
      fired.Add({memory.endpoint, name}, alert.times_fired);
    }
  }
  families.push_back(std::move(firing));
  families.push_back(std::move(fired));
}

}  // namespace pgsluice
