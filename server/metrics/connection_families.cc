// Connections of clients, and lines of the log.
#include "server/metrics/gateway_snapshot.h"

namespace pgsluice {

void AddConnectionFamilies(const GatewaySnapshot& snapshot, Families& families) {
  Family open{.type = FamilyType::kGauge,
              .name = "pgsluice_server_connections",
              .labels = {"port"},
              .help = "Open connections of clients"};
  Family accepted{.type = FamilyType::kCounter,
                  .name = "pgsluice_server_connections_accepted_total",
                  .labels = {"port"},
                  .help = "Connections of clients accepted"};
  Family refused{.type = FamilyType::kCounter,
                 .name = "pgsluice_server_connections_refused_total",
                 .labels = {"port", "reason"},
                 .help =
                     "Connections of clients closed at once: over a limit of the "
                     "configuration, or for want of a file descriptor (no_descriptor)"};
  Family cut{.type = FamilyType::kCounter,
             .name = "pgsluice_server_connections_cut_total",
             .labels = {"port", "reason"},
             .help =
                 "Connections of clients cut while they were served: memory was short "
                 "(max_process_bytes), or they only cost"};
  for (const PortTotals& port : snapshot.ports) {
    open.Add({port.name}, static_cast<uint64_t>(port.open));
    accepted.Add({port.name}, port.accepted);
    for (const PortTotals::Ended& ended : port.refused) {
      refused.Add({port.name, ended.reason}, ended.count);
    }
    for (const PortTotals::Ended& ended : port.cut) {
      cut.Add({port.name, ended.reason}, ended.count);
    }
  }
  families.push_back(std::move(open));
  families.push_back(std::move(accepted));
  families.push_back(std::move(refused));
  families.push_back(std::move(cut));
  families.push_back(
      Counter("pgsluice_log_lines_suppressed_total",
              "Lines of the log that were not written, as there were too many like them",
              static_cast<double>(snapshot.suppressed_log_lines)));
}

}  // namespace pgsluice
