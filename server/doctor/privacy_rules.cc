#include "server/doctor/privacy_rules.h"

#include "pool/str_cat.h"
#include "server/doctor/setting_text.h"

namespace pgsluice::doctor {

namespace {

constexpr FindingKind kParametersLogged = {
    "parameters-logged", Severity::kWarning,
    "statements are logged (log_statement, log_min_duration_statement), and "
    "log_parameter_max_length is not 0",
    "The values that callers send as parameters stand in the server's log."};
constexpr FindingKind kErrorParametersLogged = {
    "error-parameters-logged", Severity::kWarning,
    "log_parameter_max_length_on_error is not 0, and failed statements are logged",
    "The parameters of every statement that fails stand in the server's log."};
constexpr FindingKind kMd5Passwords = {
    "md5-passwords", Severity::kWarning, "password_encryption is md5",
    "New passwords are stored as MD5 hashes, which can be guessed fast and, once stolen, "
    "used as they are."};

constexpr char kStatement[] = "log_statement";
constexpr char kDuration[] = "log_min_duration_statement";
constexpr char kLength[] = "log_parameter_max_length";
constexpr char kErrorLength[] = "log_parameter_max_length_on_error";
constexpr char kErrors[] = "log_min_error_statement";

}  // namespace

FindingKinds PrivacyKinds() {
  return {&kParametersLogged, &kErrorParametersLogged, &kMd5Passwords};
}

void JudgePrivacy(const EndpointFacts& endpoint, Findings& findings) {
  if (!endpoint.server.has_value()) return;
  const ServerFacts& server = *endpoint.server;
  const bool logs_statements = Is(server, kStatement, "mod") ||
                               Is(server, kStatement, "all") ||
                               NumberOf(server, kDuration).value_or(-1) >= 0;
  if (logs_statements && NumberOf(server, kLength).value_or(0) != 0) {
    findings.push_back(
        {&kParametersLogged,
         {endpoint.name},
         StrCat(kStatement, " is ", TextOf(server, kStatement),
                WhereSet(server, kStatement), ", ", kDuration, " ",
                TextOf(server, kDuration), WhereSet(server, kDuration), ", ", kLength,
                " ", TextOf(server, kLength), WhereSet(server, kLength), "."),
         "Let statements be logged without them (takes a superuser):",
         {SetForRole(server, kLength, "0")}});
  }
  // The levels that come before "error", and itself; a fatal error has no statement.
  const std::string level = TextOf(server, kErrors);
  const bool logs_errors = level != "fatal" && level != "panic" && level != "log";
  if (logs_errors && NumberOf(server, kErrorLength).value_or(0) != 0) {
    findings.push_back({&kErrorParametersLogged,
                        {endpoint.name},
                        StrCat(kErrorLength, " is ", TextOf(server, kErrorLength),
                               WhereSet(server, kErrorLength), "."),
                        "Let errors be logged without them:",
                        {SetForRole(server, kErrorLength, "0")}});
  }
  if (Is(server, "password_encryption", "md5")) {
    findings.push_back(
        {&kMd5Passwords,
         {endpoint.name},
         "password_encryption is md5.",
         "Change it, then set each password anew (\\password in psql), "
         "then say scram-sha-256 in pg_hba.conf:",
         {SetForServer("password_encryption", "scram-sha-256"), kReloadServer}});
  }
}

}  // namespace pgsluice::doctor
