#include "tests/server/doctor/cases.h"

namespace pgsluice::doctor {

namespace {

EndpointFacts HealthyEndpoint(const std::string& name) {
  EndpointFacts endpoint;
  endpoint.name = name;
  endpoint.trial.is_open = true;
  endpoint.trial.latency = absl::Milliseconds(5);
  endpoint.trial.sslmode = "verify-full";
  endpoint.trial.has_tls = true;
  endpoint.trial.tls_version = "TLSv1.3";
  ServerFacts& server = endpoint.server.emplace();
  server.version = "15.14";
  server.version_number = 150014;
  server.system_identifier = "7001";
  server.timeline = 2;
  server.started_at = "start of " + name;
  server.encoding = "UTF8";
  server.login.role = "app";
  server.login.database = "shop";
  server.login.reads_all_stats = true;
  server.login.may_read_wal_files = true;
  server.settings = {
      {"autovacuum", {"on", ""}},
      {"client_connection_check_interval", {"10000", "ms"}},
      {"default_transaction_read_only", {"off", ""}},
      {"fsync", {"on", ""}},
      {"full_page_writes", {"on", ""}},
      {"hot_standby", {"on", ""}},
      {"hot_standby_feedback", {"on", ""}},
      {"idle_in_transaction_session_timeout", {"0", "ms"}},
      {"idle_session_timeout", {"0", "ms"}},
      {"lock_timeout", {"0", "ms"}},
      {"log_min_duration_statement", {"-1", "ms"}},
      {"log_min_error_statement", {"error", ""}},
      {"log_parameter_max_length", {"-1", "B"}},
      {"log_parameter_max_length_on_error", {"0", "B"}},
      {"log_statement", {"none", ""}},
      {"max_connections", {"100", ""}},
      {"max_standby_streaming_delay", {"30000", "ms"}},
      {"password_encryption", {"scram-sha-256", ""}},
      {"recovery_min_apply_delay", {"0", "ms"}},
      {"statement_timeout", {"0", "ms"}},
      {"superuser_reserved_connections", {"3", ""}},
      {"synchronous_commit", {"on", ""}},
      {"synchronous_standby_names", {"", ""}},
      {"tcp_keepalives_idle", {"60", "s"}},
      {"wal_level", {"replica", ""}},
  };
  return endpoint;
}

}  // namespace

DeploymentFacts Healthy() {
  DeploymentFacts facts;
  facts.now = absl::FromUnixSeconds(1'700'000'000);
  facts.gateway.drain = absl::Seconds(20);
  facts.gateway.libpq_version = 150014;
  facts.gateway.max_files = 65536;
  EndpointFacts primary = HealthyEndpoint("db1");
  PrimaryFacts& sends = primary.server->primary.emplace();
  sends.lsn = 5'000'000'000;
  sends.knows_standbys = true;
  sends.standbys = {{.name = "db2", .state = "streaming", .sync_state = "async"}};
  sends.slots = {{.name = "db2", .is_active = true, .wal_status = "reserved"}};
  EndpointFacts replica = HealthyEndpoint("db2");
  replica.server->in_recovery = true;
  replica.server->replica = {.replayed_lsn = 4'999'999'000, .is_receiving = true};
  facts.endpoints = {std::move(primary), std::move(replica)};
  return facts;
}

ServerFacts& Primary(DeploymentFacts& facts) { return *facts.endpoints[0].server; }
ServerFacts& Replica(DeploymentFacts& facts) { return *facts.endpoints[1].server; }

void Set(ServerFacts& server, const std::string& name, const std::string& value) {
  server.settings[name].value = value;
}

}  // namespace pgsluice::doctor
