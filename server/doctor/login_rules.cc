#include "server/doctor/login_rules.h"

#include "absl/strings/str_join.h"

#include "pool/str_cat.h"
#include "server/doctor/setting_text.h"

namespace pgsluice::doctor {

namespace {

constexpr FindingKind kSuperuser = {
    "superuser", Severity::kError, "the gateway's role is a superuser",
    "Every caller may do whatever it may: read files of the server, run programs there, "
    "drop databases, switch off replication. The gateway does not use such an endpoint, "
    "unless session.privileged_login is ALLOWED."};
constexpr FindingKind kBypassRls = {"bypass-rls", Severity::kWarning,
                                    "the role has BYPASSRLS",
                                    "Row-level security does not hold for any caller. "
                                    "The gateway does not use such an endpoint, unless "
                                    "session.privileged_login is ALLOWED."};
constexpr FindingKind kReplicationRole = {"replication-role", Severity::kWarning,
                                          "the role has REPLICATION",
                                          "With its password one can copy the whole "
                                          "cluster, and make slots that fill its disk."};
constexpr FindingKind kCreatesRoles = {
    "creates-roles", Severity::kWarning, "the role has CREATEROLE",
    "Every caller may make roles, and up to PostgreSQL 15 give them nearly any right."};
constexpr FindingKind kDangerousMembership = {
    "dangerous-membership", Severity::kWarning,
    "the role is a member of a predefined role that reaches files, programs or all "
    "tables",
    "Every caller may use it."};
constexpr FindingKind kNoReadAllStats = {
    "no-read-all-stats", Severity::kNote, "the role is no member of pg_read_all_stats",
    "Probes do not see which timeline a replica receives, and the doctor does not see "
    "the primary's standbys."};
constexpr FindingKind kProbeFunctions = {
    "probe-functions", Severity::kError,
    "the role may not execute functions that probes call",
    "Without them the gateway does not know which server is the primary."};
constexpr FindingKind kCommitFunctions = {
    "commit-functions", Severity::kError,
    "limits.resolve_commits is on, and the role may not execute what notes of commits "
    "need",
    "Transactions that write fail at their COMMIT, which brings the note with it."};
constexpr FindingKind kCommitsUnresolved = {
    "commits-unresolved", Severity::kNote,
    "limits.resolve_commits is on, and the role may not read WAL files",
    "What became of a COMMIT whose answer was lost stays unknown after a crash or a "
    "failover; callers get OUTCOME_UNKNOWN."};
constexpr FindingKind kPasswordEnds = {
    "password-ends", Severity::kWarning,
    "the role's password is valid for less than 14 days",
    "From then on no session can be opened; those that are open stay until they are "
    "renewed."};
constexpr FindingKind kPasswordExpired = {
    "password-expired", Severity::kError, "the role's password has expired",
    "Password logins are refused; this session came in another way (trust, peer, a "
    "certificate)."};

constexpr absl::Duration kSoon = absl::Hours(14 * 24);

std::string Grant(const std::string& signature, const std::string& role) {
  return StrCat("GRANT EXECUTE ON FUNCTION pg_catalog.", signature, " TO ", role, ";");
}

void JudgeAttributes(const EndpointFacts& endpoint, const LoginFacts& login,
                     Findings& findings) {
  const std::string role = Identifier(login.role);
  if (login.is_superuser) {
    findings.push_back({&kSuperuser,
                        {endpoint.name},
                        StrCat("The role ", role, " is a superuser."),
                        "Make a role of its own for the gateway, with what callers need "
                        "together, or take the attribute away:",
                        {StrCat("ALTER ROLE ", role, " NOSUPERUSER;")}});
    return;  // All else follows.
  }
  if (login.bypasses_rls) {
    findings.push_back({&kBypassRls,
                        {endpoint.name},
                        StrCat("The role ", role, " has BYPASSRLS."),
                        "Take it away:",
                        {StrCat("ALTER ROLE ", role, " NOBYPASSRLS;")}});
  }
  if (login.may_replicate) {
    findings.push_back(
        {&kReplicationRole,
         {endpoint.name},
         StrCat("The role ", role, " has REPLICATION."),
         "The gateway does not need it; give replicas a role of their own:",
         {StrCat("ALTER ROLE ", role, " NOREPLICATION;")}});
  }
  if (login.may_create_roles) {
    findings.push_back({&kCreatesRoles,
                        {endpoint.name},
                        StrCat("The role ", role, " has CREATEROLE."),
                        "Take it away:",
                        {StrCat("ALTER ROLE ", role, " NOCREATEROLE;")}});
  }
  for (const std::string& group : login.dangerous_memberships) {
    findings.push_back({&kDangerousMembership,
                        {endpoint.name},
                        StrCat("The role ", role, " is a member of ", group, "."),
                        "Take it away, unless callers are meant to do that:",
                        {StrCat("REVOKE ", group, " FROM ", role, ";")}});
  }
}

void Miss(const FindingKind& kind, const std::vector<std::string>& missing,
          const EndpointFacts& endpoint, const LoginFacts& login, Findings& findings) {
  if (missing.empty()) return;
  const std::string role = Identifier(login.role);
  Finding finding{
      &kind,
      {endpoint.name},
      StrCat("The role ", role, " may not execute ", absl::StrJoin(missing, ", "), "."),
      "Grant it, on the primary:"};
  for (const std::string& signature : missing) {
    finding.commands.push_back(Grant(signature, role));
  }
  findings.push_back(std::move(finding));
}

// Roles and rights are the same on all servers of a cluster: told once.
void JudgeCommits(const GatewayFacts& gateway, const EndpointFacts& endpoint,
                  const LoginFacts& login, Findings& findings) {
  if (!gateway.resolves_commits || !endpoint.is_primary()) return;
  Miss(kCommitFunctions, login.missing_commit_functions, endpoint, login, findings);
}

void JudgeFunctions(const GatewayFacts& gateway, const EndpointFacts& endpoint,
                    Findings& findings) {
  const LoginFacts& login = endpoint.server->login;
  Miss(kProbeFunctions, login.missing_functions, endpoint, login, findings);
  JudgeCommits(gateway, endpoint, login, findings);
  if (!gateway.resolves_commits || !endpoint.is_primary()) return;
  if (!login.may_read_wal_files) {
    findings.push_back(
        {&kCommitsUnresolved,
         {endpoint.name},
         StrCat("The role ", Identifier(login.role),
                " may not execute pg_read_binary_file."),
         "Where callers may read every file of the data directory, grant it; else "
         "nothing:",
         {Grant("pg_read_binary_file(text, bigint, bigint, boolean)",
                Identifier(login.role))}});
  }
}

void JudgePassword(const EndpointFacts& endpoint, const LoginFacts& login, absl::Time now,
                   Findings& findings) {
  if (!login.valid_until.has_value() || *login.valid_until - now > kSoon) return;
  const bool is_over = *login.valid_until <= now;
  findings.push_back(
      {is_over ? &kPasswordExpired : &kPasswordEnds,
       {endpoint.name},
       StrCat("The password of ", Identifier(login.role),
              is_over ? " expired on " : " expires on ",
              absl::FormatTime("%Y-%m-%d %H:%M", *login.valid_until, absl::UTCTimeZone()),
              " UTC",
              is_over ? "." : StrCat(", in ", DaysText(*login.valid_until - now), ".")),
       "Set a new one, in PostgreSQL (\\password in psql) and in password_file, and a "
       "later end:",
       {StrCat("ALTER ROLE ", Identifier(login.role), " VALID UNTIL 'infinity';")}});
}

}  // namespace

FindingKinds LoginKinds() {
  return {&kSuperuser,           &kBypassRls,      &kReplicationRole, &kCreatesRoles,
          &kDangerousMembership, &kNoReadAllStats, &kProbeFunctions,  &kCommitFunctions,
          &kCommitsUnresolved,   &kPasswordEnds,   &kPasswordExpired};
}

void JudgeLogin(const GatewayFacts& gateway, const EndpointFacts& endpoint,
                absl::Time now, Findings& findings) {
  if (!endpoint.server.has_value()) return;
  const LoginFacts& login = endpoint.server->login;
  JudgeAttributes(endpoint, login, findings);
  JudgeFunctions(gateway, endpoint, findings);
  JudgePassword(endpoint, login, now, findings);
  for (const NamedLoginFacts& named : endpoint.logins) {
    if (!named.role.has_value()) continue;
    JudgeAttributes(endpoint, *named.role, findings);
    JudgeCommits(gateway, endpoint, *named.role, findings);
    JudgePassword(endpoint, *named.role, now, findings);
  }
  if (!login.reads_all_stats) {
    findings.push_back(
        {&kNoReadAllStats,
         {endpoint.name},
         StrCat("The role ", Identifier(login.role),
                " is no member of pg_read_all_stats."),
         "Let it see the statistics (callers then see each other's "
         "statements in pg_stat_activity):",
         {StrCat("GRANT pg_read_all_stats TO ", Identifier(login.role), ";")}});
  }
}

}  // namespace pgsluice::doctor
