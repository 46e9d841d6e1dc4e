#include "server/server_settings.h"

#include <algorithm>
#include <grpc/compression.h>
#include <grpc/grpc.h>
#include <grpcpp/resource_quota.h>
#include <limits>
#include <thread>
#include <utility>
#include <vector>

#include "server/call_options.h"
#include "server/config/cluster_options.h"
#include "server/config/local_address.h"

namespace pgsluice {

namespace {

// Of gRPC's bits, one for each way to compress, that of none.
constexpr int kOnlyIdentity = 1 << GRPC_COMPRESS_NONE;

int Milliseconds(const google::protobuf::Duration& duration) {
  return static_cast<int>(std::min<int64_t>(
      absl::ToInt64Milliseconds(ToDuration(duration)), std::numeric_limits<int>::max()));
}

// gRPC takes the largest int for "never"; our configuration 0.
int MillisecondsOrNever(const google::protobuf::Duration& duration) {
  const int milliseconds = Milliseconds(duration);
  return milliseconds == 0 ? std::numeric_limits<int>::max() : milliseconds;
}

}  // namespace

CallLimits CallLimitsOf(const config::v1::Config& config) {
  const config::v1::Limits& limits = config.limits();
  return CallLimits{
      .fairness = FairnessOf(config.pools()),
      .statement = {.max_sql_bytes = limits.max_sql_bytes(),
                    .max_parameters = limits.max_parameters()},
      .result = {.max_rows = limits.max_rows(), .max_bytes = limits.max_result_bytes()},
      .default_deadline = ToDuration(limits.default_deadline()),
      .max_deadline = ToDuration(limits.max_deadline()),
      .max_stream_duration = ToDuration(limits.max_stream_duration()),
      .max_transaction_duration = ToDuration(limits.max_transaction_duration()),
      .transaction_idle_timeout = ToDuration(limits.transaction_idle_timeout()),
      .transaction_warning = ToDuration(limits.transaction_warning()),
      .transaction_window = limits.transaction_window(),
      .stream_stall_timeout = ToDuration(limits.stream_stall_timeout()),
      .stream_message_bytes = limits.stream_message_bytes(),
      .max_batch_steps = limits.max_batch_steps(),
      .resolve_commits = limits.resolve_commits(),
      .max_outcome_bytes = config.idempotency().max_outcome_bytes(),
      .read_fallback = config.routing().read_fallback() == config::v1::READ_FALLBACK_NONE
                           ? ReadFallback::kNone
                           : ReadFallback::kPrimary,
      .read_resend = {.percent = limits.read_resend_percent(),
                      .burst = limits.read_resend_burst()},
      .write_tokens = config.routing().write_tokens()};
}

AuditOptions AuditOptionsOf(const config::v1::Config& config) {
  const config::v1::Audit& audit = config.audit();
  const absl::StatusOr<MethodSet> methods = ParseMethods(audit.methods());
  return {.is_on = audit.enabled(),
          .file = audit.file(),
          .methods = methods.ok() ? *methods : MethodSet(),  // CheckConfig has said so.
          .max_queue_bytes = audit.max_queue_bytes()};
}

Admission::Limits AdmissionLimitsOf(const config::v1::Config& config) {
  return {.max_calls = config.limits().max_calls(),
          .max_transactions = config.limits().max_transactions()};
}

MonitorOptions MonitorOptionsOf(const config::v1::Config& config) {
  const config::v1::Monitor& monitor = config.monitor();
  const config::v1::MonitorAlerts& alerts = monitor.alerts();
  return {.interval = ToDuration(monitor.interval()),
          .history = monitor.history(),
          .alerts = {.max_waiters = alerts.max_waiters(),
                     .min_idle = alerts.min_idle(),
                     .max_response_time = ToDuration(alerts.max_response_time()),
                     .max_error_rate = alerts.max_error_rate(),
                     .max_oldest_wait = ToDuration(alerts.max_oldest_wait()),
                     .max_lag = ToDuration(alerts.max_lag()),
                     .hold = ToDuration(alerts.hold())}};
}

IdempotencyTable IdempotencyTableOf(const config::v1::Config& config) {
  return {.schema = config.idempotency().schema(), .name = config.idempotency().table()};
}

IdempotencyUpkeep IdempotencyUpkeepOf(const config::v1::Config& config) {
  const config::v1::Idempotency& idempotency = config.idempotency();
  return {.creates_table = idempotency.create(),
          .retention = ToDuration(idempotency.retention()),
          .sweep_interval = ToDuration(idempotency.sweep_interval())};
}

ReadinessRequires ReadinessOf(const config::v1::Config& config) {
  switch (config.readiness().require()) {
    case config::v1::READINESS_REQUIREMENT_ANY: return ReadinessRequires::kAny;
    case config::v1::READINESS_REQUIREMENT_ALL: return ReadinessRequires::kAll;
    default: return ReadinessRequires::kPrimary;
  }
}

bool ServesAdmin(const config::v1::Config& config) {
  const std::string& address = config.server().admin_listen_address();
  switch (config.server().admin_service()) {
    case config::v1::ADMIN_SERVICE_ON: return !address.empty();
    case config::v1::ADMIN_SERVICE_OFF: return false;
    default: break;
  }
  return IsLocalAddress(address) && !config.authentication().enabled();
}

std::optional<std::string> LabelledAs(const config::v1::Config& config) {
  const bool is_wanted = config.tracing().statement_context() ==
                         config::v1::STATEMENT_CONTEXT_APPLICATION_NAME;
  if (!is_wanted) return std::nullopt;
  return config.session().application_name();
}

LogLevel LogLevelOf(const config::v1::Config& config) {
  switch (config.log().level()) {
    case config::v1::LOG_LEVEL_TRACE:
    case config::v1::LOG_LEVEL_DEBUG: return LogLevel::kDebug;
    case config::v1::LOG_LEVEL_WARN: return LogLevel::kWarning;
    case config::v1::LOG_LEVEL_ERROR: return LogLevel::kError;
    default: return LogLevel::kInfo;
  }
}

LogFormat LogFormatOf(const config::v1::Config& config) {
  switch (config.log().format()) {
    case config::v1::LOG_FORMAT_JSON: return LogFormat::kJson;
    case config::v1::LOG_FORMAT_TEXT: return LogFormat::kText;
    default: return LogFormat::kAuto;
  }
}

LogBounds LogBoundsOf(const config::v1::Config& config) {
  const config::v1::Log& log = config.log();
  return {.events = {.per_second = log.max_lines_per_second(),
                     .burst = log.max_lines_burst()},
          .slow_queries = {.per_second = log.max_slow_queries_per_second(),
                           .burst = log.max_slow_queries_per_second()}};
}

ConnectionLimits ConnectionLimitsOf(const config::v1::Config& config) {
  const config::v1::Server& server = config.server();
  return {.max_connections = server.max_connections(),
          .max_per_peer = server.max_connections_per_peer(),
          .rate_per_peer = {.per_second = server.max_connection_rate_per_peer(),
                            .burst = server.max_connection_rate_per_peer()},
          .max_process_bytes = server.max_process_bytes(),
          .waste = {.abandoned_per_second = server.max_abandoned_call_rate(),
                    .max_bytes_without_message = server.max_bytes_without_message()},
          .pause_after_cut = ToDuration(server.pause_after_cut())};
}

SlowThresholds SlowThresholdsOf(const config::v1::Config& config) {
  std::vector<SlowThreshold> rules;
  for (const config::v1::SlowQueryRule& rule : config.log().slow_query_rules()) {
    // Tags of calls have been made plain, too.
    SlowThreshold& threshold = rules.emplace_back(SlowThreshold{
        .tag = SanitizeTag(rule.tag()), .threshold = ToDuration(rule.threshold())});
    if (rule.pool() == config::v1::POOL_ROLE_PRIMARY) threshold.role = Role::kPrimary;
    if (rule.pool() == config::v1::POOL_ROLE_REPLICA) threshold.role = Role::kReplica;
  }
  return {ToDuration(config.log().slow_query_threshold()), std::move(rules)};
}

int ShardCountOf(const config::v1::Config& config) {
  const auto configured = static_cast<int>(config.server().shards());
  if (configured > 0) return configured;
  // gRPC's own poller serves one thread better than many, and the system needs a share.
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()) / 2);
}

void ApplyChannelArguments(const config::v1::Config& config,
                           grpc::ServerBuilder& builder) {
  const config::v1::Server& server = config.server();
  const auto set = [&builder](const char* name, int value) {
    builder.AddChannelArgument(name, value);
  };
  builder.SetMaxReceiveMessageSize(static_cast<int>(server.max_request_bytes()));
  // Answers are bounded by limits.max_result_bytes and stream_message_bytes.
  builder.SetMaxSendMessageSize(std::numeric_limits<int>::max());
  // What it counts, the watch over connections looks at.
  set(GRPC_ARG_ENABLE_CHANNELZ, 1);
  set(GRPC_ARG_MAX_CONCURRENT_STREAMS, static_cast<int>(server.max_concurrent_streams()));
  set(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(server.keepalive_time()));
  set(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(server.keepalive_timeout()));
  set(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  set(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
      Milliseconds(server.min_ping_interval()));
  set(GRPC_ARG_MAX_CONNECTION_AGE_MS, MillisecondsOrNever(server.max_connection_age()));
  set(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
      MillisecondsOrNever(server.max_connection_age_grace()));
  set(GRPC_ARG_MAX_CONNECTION_IDLE_MS, MillisecondsOrNever(server.max_connection_idle()));
  set(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, Milliseconds(server.handshake_timeout()));
  set(GRPC_ARG_HTTP2_MAX_PING_STRIKES, static_cast<int>(server.max_ping_strikes()));
  set(GRPC_ARG_MAX_METADATA_SIZE, static_cast<int>(server.max_metadata_bytes()));
  set(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, static_cast<int>(server.max_frame_bytes()));
  set(GRPC_ARG_HTTP2_WRITE_BUFFER_SIZE, static_cast<int>(server.write_buffer_bytes()));
  set(GRPC_ARG_HTTP2_HPACK_TABLE_SIZE_DECODER,
      static_cast<int>(server.header_table_bytes()));
  set(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES,
      static_cast<int>(server.stream_window_bytes()));
  if (!server.compressed_requests()) {
    set(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET, kOnlyIdentity);
  }
  if (server.max_memory_bytes() > 0) {
    grpc::ResourceQuota quota("server");
    quota.Resize(server.max_memory_bytes());
    builder.SetResourceQuota(quota);
  }
}

}  // namespace pgsluice
