#include "server/doctor/tls_rules.h"

#include "pool/str_cat.h"
#include "server/doctor/setting_text.h"

namespace pgsluice::doctor {

namespace {

constexpr FindingKind kTlsOff = {
    "tls-off", Severity::kWarning,
    "sessions are not encrypted, and the server is not on this machine",
    "Whoever is on the way can read and change statements and rows."};
constexpr FindingKind kTlsUnverified = {
    "tls-unverified", Severity::kWarning,
    "sessions are encrypted, but sslmode is below verify-ca",
    "Any certificate is taken, so whoever is on the way can play the server and read "
    "all."};
constexpr FindingKind kTlsHostUnverified = {
    "tls-host-unverified", Severity::kNote, "sslmode is verify-ca",
    "Any certificate of that authority is taken, whatever host it was made for."};
constexpr FindingKind kCertificateEnds = {
    "certificate-ends", Severity::kWarning,
    "a certificate is valid for less than 21 days",
    "With sslmode verify-ca and verify-full no session can be opened once the server's "
    "has expired, nor with an expired one of the gateway."};
constexpr FindingKind kCertificateExpired = {
    "certificate-expired", Severity::kError, "a certificate has expired",
    "Clients that verify it refuse the server; others do not know whom they talk to."};

constexpr absl::Duration kSoon = absl::Hours(21 * 24);

void JudgeCertificate(const EndpointFacts& endpoint, std::string_view whose,
                      const std::optional<absl::Time>& end, absl::Time now,
                      Findings& findings) {
  if (!end.has_value() || *end - now > kSoon) return;
  const bool is_over = *end <= now;
  findings.push_back(
      {is_over ? &kCertificateExpired : &kCertificateEnds,
       {endpoint.name},
       StrCat("The ", whose, " certificate ", is_over ? "expired on " : "expires on ",
              absl::FormatTime("%Y-%m-%d %H:%M", *end, absl::UTCTimeZone()), " UTC",
              is_over ? "." : StrCat(", in ", DaysText(*end - now), ".")),
       "Renew it. PostgreSQL takes a new server.crt over on a reload; the gateway reads "
       "its own for each session.",
       {kReloadServer}});
}

}  // namespace

FindingKinds TlsKinds() {
  return {&kTlsOff, &kTlsUnverified, &kTlsHostUnverified, &kCertificateEnds,
          &kCertificateExpired};
}

void JudgeTls(const EndpointFacts& endpoint, absl::Time now, Findings& findings) {
  const TrialFacts& trial = endpoint.trial;
  if (!trial.is_open) return;
  constexpr char kVerify[] = "sslmode=verify-full sslrootcert=/path/to/ca.crt";
  if (!trial.has_tls && !trial.is_local) {
    findings.push_back(
        {&kTlsOff,
         {endpoint.name},
         StrCat("Sessions travel in the clear (sslmode=", trial.sslmode, ")."),
         "Give PostgreSQL a certificate (ssl = on), and the endpoint's "
         "conninfo:",
         {kVerify}});
  }
  if (!trial.has_tls) return;
  // On this machine, and only because the server has a certificate anyway.
  const bool is_by_chance = trial.is_local && trial.sslmode != "require";
  if (trial.sslmode == "verify-ca") {
    findings.push_back({&kTlsHostUnverified,
                        {endpoint.name},
                        "sslmode is verify-ca.",
                        "Add to the endpoint's conninfo:",
                        {"sslmode=verify-full"}});
  } else if (trial.sslmode != "verify-full" && !is_by_chance) {
    findings.push_back({&kTlsUnverified,
                        {endpoint.name},
                        StrCat("sslmode is ", trial.sslmode, ", which verifies nothing."),
                        "Add to the endpoint's conninfo:",
                        {kVerify}});
  }
  JudgeCertificate(endpoint, "server's", trial.server_certificate_ends, now, findings);
  JudgeCertificate(endpoint, "gateway's", trial.client_certificate_ends, now, findings);
}

}  // namespace pgsluice::doctor
