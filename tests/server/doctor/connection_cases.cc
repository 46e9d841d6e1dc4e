#include "tests/server/doctor/cases.h"

namespace pgsluice::doctor {

namespace {

// The replica cannot be connected to.
std::function<void(DeploymentFacts&)> Refused(const std::string& error,
                                              const std::string& sqlstate = "") {
  return [=](DeploymentFacts& facts) {
    EndpointFacts& endpoint = facts.endpoints[1];
    endpoint.server.reset();
    endpoint.trial = {.error = error, .sqlstate = sqlstate, .latency = {}};
  };
}

}  // namespace

std::vector<Case> ConnectionCases() {
  return {
      {{"unreachable"}, "Connection refused", Refused("failed: Connection refused")},
      {{"unreachable"}, "in time", Refused("no answer in time")},
      {{"tls-fails"}, "certificate", Refused("SSL error: certificate verify failed")},
      {{"login-refused"}, "FATAL", Refused("FATAL:  password", "28P01")},
      {{"login-refused"}, "no pg_hba", Refused("FATAL:  no pg_hba entry", "28000")},
      {{"no-database"}, "FATAL", Refused("FATAL:  no such database", "3D000")},
      {{"server-full"}, "FATAL", Refused("FATAL:  too many clients", "53300")},
      {{"not-accepting"}, "FATAL", Refused("FATAL:  starting up", "57P03")},
      {{"options-refused"},
       "unsupported",
       Refused("FATAL:  unsupported startup parameter: options", "08P01")},
      {{"connect-refused"}, "FATAL", Refused("FATAL:  out of memory", "53200")},
      {{"late"},
       "in time",
       [](DeploymentFacts& facts) {
         facts.endpoints[1] = {.name = "db2", .is_late = true, .trial = {}, .server = {}};
       }},
      {{"not-asked"},
       "lost",
       [](DeploymentFacts& facts) {
         facts.endpoints[1].server.reset();
         facts.endpoints[1].why_unknown = "lost in between";
       }},
      {{"not-asked"},
       "settings: denied",
       [](DeploymentFacts& facts) { Primary(facts).unanswered = {"settings: denied"}; }},
      {{"named-login-fails"},
       "As login reports, user app_reports: FATAL",
       [](DeploymentFacts& facts) {
         NamedLoginFacts& login = facts.endpoints[0].logins.emplace_back();
         login = {.name = "reports", .user = "app_reports"};
         login.trial.error = "FATAL:  password authentication failed";
         login.trial.sqlstate = "28P01";
       }},
      {{"slow-connect"},
       "2.5s",
       [](DeploymentFacts& facts) {
         facts.endpoints[0].trial.latency = absl::Milliseconds(2500);
       }},

      {{"version-old"},
       "12.9",
       [](DeploymentFacts& facts) {
         Primary(facts).version = "12.9";
         Primary(facts).version_number = 120009;
       }},
      {{"pooler"},
       "process",
       [](DeploymentFacts& facts) {
         facts.endpoints[0].trial.meets_named_backend = false;
       }},
      {{"pooler-switches"},
       "different processes",
       [](DeploymentFacts& facts) {
         facts.endpoints[0].trial.meets_named_backend = false;
         Primary(facts).keeps_backend = false;
       }},
      {{"clock-skew"},
       "3s behind",
       [](DeploymentFacts& facts) { Primary(facts).clock_skew = -absl::Seconds(3); }},
      {{},
       "",  // It may be the network's.
       [](DeploymentFacts& facts) {
         Primary(facts).clock_skew = absl::Seconds(3);
         Primary(facts).clock_skew_precision = absl::Seconds(2);
       }},
      {{"encoding-none"},
       "shop",
       [](DeploymentFacts& facts) { Primary(facts).encoding = "SQL_ASCII"; }},
      {{"encoding-other"},
       "LATIN1",
       [](DeploymentFacts& facts) { Primary(facts).encoding = "LATIN1"; }},

      {{"tls-off"},
       "sslmode=prefer",
       [](DeploymentFacts& facts) {
         facts.endpoints[0].trial.has_tls = false;
         facts.endpoints[0].trial.sslmode = "prefer";
       }},
      {{},
       "",  // Nobody is on the way.
       [](DeploymentFacts& facts) {
         facts.endpoints[0].trial.has_tls = false;
         facts.endpoints[0].trial.is_local = true;
       }},
      {{"tls-unverified"},
       "require",
       [](DeploymentFacts& facts) { facts.endpoints[0].trial.sslmode = "require"; }},
      {{"tls-host-unverified"},
       "verify-ca",
       [](DeploymentFacts& facts) { facts.endpoints[0].trial.sslmode = "verify-ca"; }},
      {{"certificate-ends"},
       "server's certificate expires on 2023-11-24 22:13 UTC, in 10 days",
       [](DeploymentFacts& facts) {
         facts.endpoints[0].trial.server_certificate_ends =
             facts.now + absl::Hours(10 * 24);
       }},
      {{},
       "",
       [](DeploymentFacts& facts) {
         facts.endpoints[0].trial.server_certificate_ends =
             facts.now + absl::Hours(30 * 24);
       }},
      {{"certificate-expired"},
       "gateway's certificate expired",
       [](DeploymentFacts& facts) {
         facts.endpoints[0].trial.client_certificate_ends = facts.now - absl::Hours(1);
       }},
  };
}

}  // namespace pgsluice::doctor
