#include "tests/server/doctor/cases.h"

namespace pgsluice::doctor {

namespace {

// A setting of the primary's.
std::function<void(DeploymentFacts&)> With(const std::string& name,
                                           const std::string& value) {
  return [=](DeploymentFacts& facts) { Set(Primary(facts), name, value); };
}

void ForRole(DeploymentFacts& facts, const std::string& name, const std::string& value) {
  Set(Primary(facts), name, value);
  Primary(facts).scoped_settings.push_back(
      {.scope = ScopedSetting::Scope::kRole, .name = name});
}

}  // namespace

std::vector<Case> SettingCases() {
  return {
      {{"statement-timeout"},
       "statement_timeout is 5s",
       [](DeploymentFacts& facts) {
         facts.gateway.session.statement_timeout = absl::ZeroDuration();
         Set(Primary(facts), "statement_timeout", "5000");
       }},
      {{}, "", With("statement_timeout", "5000")},  // The gateway's holds.
      {{"statement-timeout-hidden"},
       "is 5s (set for the role app)",
       [](DeploymentFacts& facts) { ForRole(facts, "statement_timeout", "5000"); }},
      {{"probes-cut"}, "is 500ms", With("statement_timeout", "500")},
      {{"idle-in-transaction"},
       "is 10s",
       [](DeploymentFacts& facts) {
         facts.gateway.session.idle_in_transaction_timeout = absl::ZeroDuration();
         Set(Primary(facts), "idle_in_transaction_session_timeout", "10000");
       }},
      {{}, "", With("idle_in_transaction_session_timeout", "10000")},
      {{"idle-session"}, "is 30s", With("idle_session_timeout", "30000")},
      {{}, "", With("idle_session_timeout", "31000")},  // A ping comes first.
      {{"transaction-timeout"},
       "is 1m",
       [](DeploymentFacts& facts) {
         Primary(facts).settings["transaction_timeout"] = {"60000", "ms"};
       }},
      {{"lock-timeout"}, "is 1s", With("lock_timeout", "1000")},
      {{"gone-clients"}, "is 0", With("client_connection_check_interval", "0")},
      {{"server-keepalives"}, "is 0", With("tcp_keepalives_idle", "0")},

      {{"fsync-off"}, "fsync is off", With("fsync", "off")},
      {{"full-page-writes-off"}, "is off", With("full_page_writes", "off")},
      {{"synchronous-commit-off"},
       "is off (set for the role app)",
       [](DeploymentFacts& facts) { ForRole(facts, "synchronous_commit", "off"); }},
      {{}, "", With("synchronous_commit", "local")},  // There is nobody to wait for.
      {{"read-only-default"}, "is on", With("default_transaction_read_only", "on")},
      {{"prepared-transactions"},
       "2 prepared transactions; the oldest is 10m",
       [](DeploymentFacts& facts) {
         Primary(facts).primary->prepared_transactions = 2;
         Primary(facts).primary->oldest_prepared = absl::Minutes(10);
       }},
      {{"wraparound"},
       "1500000000",
       [](DeploymentFacts& facts) {
         Primary(facts).primary->oldest_frozen_age = 1'500'000'000;
       }},
      {{"autovacuum-off"}, "autovacuum is off", With("autovacuum", "off")},
      {{"archiving-fails"},
       "pg_stat_archiver",
       [](DeploymentFacts& facts) { Primary(facts).primary->archiving_fails = true; }},

      {{"parameters-logged"}, "log_statement is all", With("log_statement", "all")},
      {{"parameters-logged"},
       "log_min_duration_statement 250",
       With("log_min_duration_statement", "250")},
      {{}, "", With("log_statement", "ddl")},
      {{},
       "",
       [](DeploymentFacts& facts) {
         Set(Primary(facts), "log_statement", "all");
         Set(Primary(facts), "log_parameter_max_length", "0");
       }},
      {{"error-parameters-logged"},
       "is -1",
       With("log_parameter_max_length_on_error", "-1")},
      {{},
       "",
       [](DeploymentFacts& facts) {
         Set(Primary(facts), "log_parameter_max_length_on_error", "-1");
         Set(Primary(facts), "log_min_error_statement", "panic");
       }},
      {{"md5-passwords"}, "md5", With("password_encryption", "md5")},

      {{"too-few-files"},
       "may open 80 files; its sessions need 24",
       [](DeploymentFacts& facts) { facts.gateway.max_files = 80; }},
      {{"few-files"},
       "leaves 936",
       [](DeploymentFacts& facts) { facts.gateway.max_files = 1024; }},
      {{"drain-long"},
       "35s together",
       [](DeploymentFacts& facts) { facts.gateway.drain = absl::Seconds(35); }},
      {{"own-idle-timeout"},
       "is 30s, limits.transaction_idle_timeout is 30s",
       [](DeploymentFacts& facts) {
         facts.gateway.session.idle_in_transaction_timeout = absl::Seconds(30);
       }},
      {{"libpq-old"},
       "version 12",
       [](DeploymentFacts& facts) { facts.gateway.libpq_version = 120009; }},
  };
}

}  // namespace pgsluice::doctor
