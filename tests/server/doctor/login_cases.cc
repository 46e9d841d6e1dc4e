#include "tests/server/doctor/cases.h"

namespace pgsluice::doctor {

namespace {

// Both servers have the same roles.
std::function<void(DeploymentFacts&)> Login(void (*spoil)(LoginFacts&)) {
  return [spoil](DeploymentFacts& facts) {
    spoil(Primary(facts).login);
    spoil(Replica(facts).login);
  };
}

void AddLogin(DeploymentFacts& facts, size_t max_size) {
  LoginPools& pools = facts.gateway.pools.logins.emplace_back();
  pools.login = {.name = "reports", .user = "app_reports"};
  pools.primary.max_size = max_size;
  pools.replica.max_size = 1;
}

}  // namespace

// A pool of 10 and two control sessions make 12 of the 97 that there are for users.
std::vector<Case> LoginCases() {
  return {
      {{"superuser"}, "app", Login([](LoginFacts& login) {
         login.is_superuser = true;
         login.bypasses_rls = true;
         login.dangerous_memberships = {"pg_read_server_files"};
       })},
      {{"bypass-rls"}, "app", Login([](LoginFacts& login) {
         login.bypasses_rls = true;
       })},
      {{"replication-role"}, "app", Login([](LoginFacts& login) {
         login.may_replicate = true;
       })},
      {{"creates-roles"}, "app", Login([](LoginFacts& login) {
         login.may_create_roles = true;
       })},
      {{"dangerous-membership"}, "pg_write_server_files", Login([](LoginFacts& login) {
         login.dangerous_memberships = {"pg_write_server_files"};
       })},
      {{"no-read-all-stats"}, "app", Login([](LoginFacts& login) {
         login.reads_all_stats = false;
       })},
      {{"probe-functions"}, "pg_control_system()", Login([](LoginFacts& login) {
         login.missing_functions = {"pg_control_system()"};
       })},
      {{"commit-functions"}, "pg_xact_status(xid8)", Login([](LoginFacts& login) {
         login.missing_commit_functions = {"pg_xact_status(xid8)"};
       })},
      {{"commits-unresolved"}, "pg_read_binary_file", Login([](LoginFacts& login) {
         login.may_read_wal_files = false;
       })},
      {{},
       "",
       [](DeploymentFacts& facts) {
         facts.gateway.resolves_commits = false;
         Primary(facts).login.may_read_wal_files = false;
         Primary(facts).login.missing_commit_functions = {"pg_xact_status(xid8)"};
       }},
      {{"password-ends"}, "in 36 hours", Login([](LoginFacts& login) {
         login.valid_until = absl::FromUnixSeconds(1'700'000'000) + absl::Hours(36);
       })},
      {{"password-expired"}, "expired on 2023-11-14", Login([](LoginFacts& login) {
         login.valid_until = absl::FromUnixSeconds(1'700'000'000) - absl::Hours(1);
       })},

      {{"too-few-connections"},
       "may open 12 sessions; the server has 11",
       [](DeploymentFacts& facts) { Set(Primary(facts), "max_connections", "14"); }},
      {{"too-few-connections"},
       "The 30 gateways may open 120 sessions",  // 10 / 30: at least 1, and two more.
       [](DeploymentFacts& facts) {
         facts.gateway.pools.fleet_size = 30;
         facts.gateway.keeps_idempotency_keys = true;
       }},
      {{"too-few-connections"},
       "has 97 for users",
       [](DeploymentFacts& facts) {
         facts.gateway.pools.replica.max_size = 96;  // It may become the primary.
       }},
      {{},
       "",
       [](DeploymentFacts& facts) {
         facts.gateway.pools.replica.max_size = 96;
         facts.gateway.pools.max_sessions_total = 20;
       }},
      {{"superuser"},
       "The role app_reports is a superuser",
       [](DeploymentFacts& facts) {
         NamedLoginFacts& login = facts.endpoints[0].logins.emplace_back();
         login.trial.is_open = true;
         login.role.emplace();
         login.role->role = "app_reports";
         login.role->is_superuser = true;
       }},
      {{"too-few-connections"},
       "may open 112 sessions",  // Those of a named login, too.
       [](DeploymentFacts& facts) { AddLogin(facts, 100); }},
      {{},
       "",  // The limit is of the endpoint's own role.
       [](DeploymentFacts& facts) {
         AddLogin(facts, 30);
         Primary(facts).login.connection_limit = 12;
       }},
      {{"connections-tight"},
       "others have 90",
       [](DeploymentFacts& facts) { Primary(facts).connections.others = 90; }},
      {{"no-room-for-rollout"},
       "others have 80",
       [](DeploymentFacts& facts) { Primary(facts).connections.others = 80; }},
      {{},
       "",  // Exactly twelve are left for the next one.
       [](DeploymentFacts& facts) { Primary(facts).connections.others = 73; }},
      {{"role-limit"},
       "may have 15 sessions",
       [](DeploymentFacts& facts) {
         Primary(facts).login.connection_limit = 15;
         Primary(facts).connections.of_role = 4;
       }},
      {{"database-limit"},
       "takes 11 sessions",
       [](DeploymentFacts& facts) {
         Primary(facts).login.database_connection_limit = 11;
       }},
      {{},
       "",
       [](DeploymentFacts& facts) {
         Primary(facts).login.connection_limit = 12;
         Primary(facts).login.database_connection_limit = 12;
       }},

      {{"no-key-table"},
       "the role app may not create it",
       [](DeploymentFacts& facts) { Primary(facts).key_table.emplace(); }},
      {{"no-key-table"},
       "idempotency.create is false",
       [](DeploymentFacts& facts) {
         facts.gateway.creates_key_table = false;
         Primary(facts).key_table = {.may_create = true};
       }},
      {{},
       "",  // The gateway makes it.
       [](DeploymentFacts& facts) { Primary(facts).key_table = {.may_create = true}; }},
      {{"key-table-unfit"},
       "it is not a logged table",
       [](DeploymentFacts& facts) {
         Primary(facts).key_table = {.has_table = true,
                                     .why_not_fit = "it is not a logged table"};
       }},
  };
}

}  // namespace pgsluice::doctor
