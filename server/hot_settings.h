// All that a reload can change, in the form in which the parts of the server take it. A
// test checks that every setting marked RELOAD_HOT is in here, and no other. Rules file.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "pgsluice/config/v1/config.pb.h"
#include "pool/endpoint_monitor.h"
#include "pool/idempotency.h"
#include "pool/options.h"
#include "server/admission.h"
#include "server/audit_log.h"
#include "server/call_environment.h"
#include "server/caller_policy.h"
#include "server/connection_table.h"
#include "server/health_registry.h"
#include "server/log.h"
#include "server/slow_thresholds.h"

namespace pgsluice {

struct HotSettings {
  ClusterOptions cluster;
  std::string fleet_size_file;
  CallLimits limits;
  StatusOptions status;
  SlowThresholds slow{absl::ZeroDuration()};
  Admission::Limits admission;
  MonitorOptions monitor;
  CallerRules callers;
  std::string named_statements_file;
  AuditOptions audit;
  // See CallerGate::set_labelled_as.
  std::optional<std::string> labelled_as;
  IdempotencyUpkeep keys;
  ReadinessRequires readiness = ReadinessRequires::kPrimary;
  ConnectionLimits connections;
  LogLevel log_level = LogLevel::kInfo;
  LogBounds log_bounds;
  absl::Duration drain_delay;
  absl::Duration drain_deadline;

  bool operator==(const HotSettings&) const = default;
};

// Reads the files of endpoints, so it can fail: see ToClusterOptions.
absl::StatusOr<HotSettings> HotSettingsOf(const config::v1::Config& config);

}  // namespace pgsluice
