// From the configuration to what the parts of the server want. Rules file.
#pragma once

#include <grpcpp/server_builder.h>
#include <optional>
#include <string>

#include "pgsluice/config/v1/config.pb.h"
#include "pool/endpoint_monitor.h"
#include "server/admission.h"
#include "server/audit_log.h"
#include "server/call_environment.h"
#include "server/connection_table.h"
#include "server/health_registry.h"
#include "server/log.h"
#include "server/slow_thresholds.h"

namespace pgsluice {

CallLimits CallLimitsOf(const config::v1::Config& config);
Admission::Limits AdmissionLimitsOf(const config::v1::Config& config);
AuditOptions AuditOptionsOf(const config::v1::Config& config);
// See CallerGate::set_labelled_as.
std::optional<std::string> LabelledAs(const config::v1::Config& config);
MonitorOptions MonitorOptionsOf(const config::v1::Config& config);
IdempotencyTable IdempotencyTableOf(const config::v1::Config& config);
IdempotencyUpkeep IdempotencyUpkeepOf(const config::v1::Config& config);
ReadinessRequires ReadinessOf(const config::v1::Config& config);
// See server.admin_service.
bool ServesAdmin(const config::v1::Config& config);
LogLevel LogLevelOf(const config::v1::Config& config);
LogFormat LogFormatOf(const config::v1::Config& config);
LogBounds LogBoundsOf(const config::v1::Config& config);
ConnectionLimits ConnectionLimitsOf(const config::v1::Config& config);
SlowThresholds SlowThresholdsOf(const config::v1::Config& config);
int ShardCountOf(const config::v1::Config& config);
// Every limit that gRPC has for a server: sizes, streams, pings, keepalives, ages,
// memory.
void ApplyChannelArguments(const config::v1::Config& config,
                           grpc::ServerBuilder& builder);

}  // namespace pgsluice
