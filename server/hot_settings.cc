#include "server/hot_settings.h"

#include <utility>

#include "server/config/cluster_options.h"
#include "server/server_settings.h"

namespace pgsluice {

absl::StatusOr<HotSettings> HotSettingsOf(const config::v1::Config& config) {
  absl::StatusOr<ClusterOptions> cluster = ToClusterOptions(config);
  if (!cluster.ok()) return cluster.status();
  return HotSettings{.cluster = *std::move(cluster),
                     .fleet_size_file = config.pools().fleet_size_file(),
                     .limits = CallLimitsOf(config),
                     .status = {.send_detail = config.errors().send_detail()},
                     .slow = SlowThresholdsOf(config),
                     .admission = AdmissionLimitsOf(config),
                     .monitor = MonitorOptionsOf(config),
                     .callers = CallerRulesOf(config),
                     .named_statements_file = config.named_statements().file(),
                     .audit = AuditOptionsOf(config),
                     .labelled_as = LabelledAs(config),
                     .keys = IdempotencyUpkeepOf(config),
                     .readiness = ReadinessOf(config),
                     .connections = ConnectionLimitsOf(config),
                     .log_level = LogLevelOf(config),
                     .log_bounds = LogBoundsOf(config),
                     .drain_delay = ToDuration(config.shutdown().drain_delay()),
                     .drain_deadline = ToDuration(config.shutdown().drain_deadline())};
}

}  // namespace pgsluice
