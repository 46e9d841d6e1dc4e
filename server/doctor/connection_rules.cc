#include "server/doctor/connection_rules.h"

#include "pool/str_cat.h"
#include "server/doctor/setting_text.h"

namespace pgsluice::doctor {

namespace {

constexpr FindingKind kUnreachable = {"unreachable", Severity::kError,
                                      "no connection comes about",
                                      "The gateway serves nothing from this endpoint."};
constexpr FindingKind kTlsFails = {"tls-fails", Severity::kError,
                                   "libpq ends the connection over TLS",
                                   "The gateway serves nothing from this endpoint."};
constexpr FindingKind kLoginRefused = {
    "login-refused", Severity::kError, "PostgreSQL refuses role or password (28...)",
    "The gateway serves nothing from this endpoint, and its callers get "
    "BACKEND_AUTH_FAILED."};
constexpr FindingKind kNoDatabase = {"no-database", Severity::kError,
                                     "the database is not there (3D000)",
                                     "The gateway serves nothing from this endpoint."};
constexpr FindingKind kServerFull = {
    "server-full", Severity::kError, "there is no session left (53300)",
    "The gateway cannot open the sessions that its callers wait for."};
constexpr FindingKind kNotAccepting = {
    "not-accepting", Severity::kError,
    "the server starts, stops, or is a standby without hot_standby (57P03)",
    "The gateway serves nothing from this endpoint until that is over."};
constexpr FindingKind kOptionsRefused = {
    "options-refused", Severity::kError,
    "what answers does not take start-up options (08P01), as poolers do",
    "The gateway gives every session its time-outs, its time zone and its isolation by "
    "start-up options."};
constexpr FindingKind kConnectRefused = {
    "connect-refused", Severity::kError, "PostgreSQL refuses with another error",
    "The gateway serves nothing from this endpoint."};
constexpr FindingKind kLate = {
    "late", Severity::kError, "the questions were not answered in time",
    "A server that accepts connections and does not answer is frozen or overloaded, or "
    "something in between swallows its packets."};
constexpr FindingKind kNotAsked = {"not-asked", Severity::kWarning,
                                   "some questions were not answered",
                                   "What depends on them was not judged."};
constexpr FindingKind kSlowConnect = {
    "slow-connect", Severity::kWarning, "a connect takes longer than 1 s",
    "Pools grow, and recover after a failover, no faster than sessions can be opened."};

constexpr FindingKind kNamedLoginFails = {
    "named-login-fails", Severity::kError, "no connection comes about as one of logins",
    "The calls of its callers fail, with BACKEND_AUTH_FAILED mostly; those of others do "
    "not."};

constexpr absl::Duration kSlow = absl::Seconds(1);

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string AdviceForUnreachable(const std::string& error) {
  if (Has(error, "translate host name") || Has(error, "resolve host")) {
    return "Correct the host in the endpoint's conninfo, or the name in DNS.";
  }
  if (Has(error, "refused") || Has(error, "No such file")) {
    return "Start PostgreSQL there, or correct host and port; check listen_addresses.";
  }
  if (Has(error, "in time") || Has(error, "timed out") || Has(error, "timeout")) {
    return "Look for a firewall, a NetworkPolicy or a security group that drops packets, "
           "and whether the machine is up.";
  }
  return "Correct the endpoint's conninfo, conninfo_file or password_file.";
}

struct Refusal {
  const FindingKind* kind;
  std::string advice;
};

Refusal RefusalOf(const TrialFacts& trial) {
  const std::string& code = trial.sqlstate;
  if (code.starts_with("28")) {
    return {
        &kLoginRefused,
        "Correct role and password (password_file is read anew for each session), or "
        "pg_hba.conf; check that the role may log in and its password has not expired."};
  }
  if (code == "3D000") return {&kNoDatabase, "Correct dbname, or create the database."};
  if (code == "53300") {
    return {&kServerFull,
            "Lower pools.*.max_size, end sessions of others, or raise max_connections or "
            "the role's connection limit."};
  }
  if (code == "57P03") {
    return {&kNotAccepting,
            "Wait until it has started; on a standby set hot_standby = on."};
  }
  if (Has(trial.error, "unsupported startup parameter")) {
    return {&kOptionsRefused,
            "Let the gateway connect to PostgreSQL itself: it is a pooler of its own."};
  }
  if (!code.empty()) return {&kConnectRefused, "See PostgreSQL's log."};
  if (Has(trial.error, "SSL") || Has(trial.error, "certificate")) {
    return {&kTlsFails,
            "Set ssl = on in PostgreSQL; give sslrootcert the authority that has signed "
            "its certificate, and host a name that is in it."};
  }
  return {&kUnreachable, AdviceForUnreachable(trial.error)};
}

void JudgeNamedLogins(const EndpointFacts& endpoint, Findings& findings) {
  for (const NamedLoginFacts& login : endpoint.logins) {
    if (login.trial.is_open) continue;
    findings.push_back({&kNamedLoginFails,
                        {endpoint.name},
                        StrCat("As login ", login.name, ", user ", Identifier(login.user),
                               ": ", login.trial.error),
                        RefusalOf(login.trial).advice});
  }
}

}  // namespace

FindingKinds ConnectionKinds() {
  return {&kUnreachable, &kTlsFails,     &kLoginRefused,   &kNoDatabase,
          &kServerFull,  &kNotAccepting, &kOptionsRefused, &kConnectRefused,
          &kLate,        &kNotAsked,     &kSlowConnect,    &kNamedLoginFails};
}

void JudgeConnection(const EndpointFacts& endpoint, Findings& findings) {
  if (endpoint.is_late) {
    findings.push_back({&kLate,
                        {endpoint.name},
                        "It has not answered in time.",
                        "Look at the load and the log of the server, and at what is "
                        "between."});
    return;
  }
  const TrialFacts& trial = endpoint.trial;
  if (!trial.is_open) {
    const Refusal refusal = RefusalOf(trial);
    findings.push_back({refusal.kind, {endpoint.name}, trial.error, refusal.advice});
    return;
  }
  JudgeNamedLogins(endpoint, findings);
  if (trial.latency > kSlow) {
    findings.push_back(
        {&kSlowConnect,
         {endpoint.name},
         StrCat("Opening a session took ",
                Text(absl::Trunc(trial.latency, absl::Milliseconds(1))), "."),
         "Look at name look-ups, at the authentication method (LDAP, PAM), and at the "
         "load of the server."});
  }
  if (!endpoint.server.has_value()) {
    findings.push_back({&kNotAsked,
                        {endpoint.name},
                        endpoint.why_unknown,
                        "See PostgreSQL's log, and run the doctor again."});
    return;
  }
  for (const std::string& unanswered : endpoint.server->unanswered) {
    findings.push_back({&kNotAsked,
                        {endpoint.name},
                        unanswered,
                        "Grant the role what it takes; by default everybody may ask "
                        "this."});
  }
}

}  // namespace pgsluice::doctor
