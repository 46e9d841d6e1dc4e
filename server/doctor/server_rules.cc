#include "server/doctor/server_rules.h"

#include "pool/str_cat.h"
#include "server/doctor/setting_text.h"

namespace pgsluice::doctor {

namespace {

constexpr FindingKind kVersionOld = {
    "version-old", Severity::kError, "PostgreSQL is older than 13",
    "The gateway is made for PostgreSQL 13 and later: commits in doubt cannot be "
    "resolved, and nobody fixes errors of older versions any more."};
constexpr FindingKind kPooler = {
    "pooler", Severity::kWarning,
    "another process serves a session than the one named at its start",
    "A pooler in between queues what the gateway takes to be running, hides which server "
    "answers, and stands in the way of cancels."};
constexpr FindingKind kPoolerSwitches = {
    "pooler-switches", Severity::kError,
    "two statements of one session met different processes",
    "A pooler in transaction mode gives a session's statements to several backends: "
    "settings, prepared statements and locks of the gateway's sessions get mixed up."};
constexpr FindingKind kClockSkew = {
    "clock-skew", Severity::kWarning,
    "the server's clock and the gateway's differ by more than 2 s",
    "Log lines of the two do not match, and certificates, passwords and tokens expire "
    "too early or too late."};
constexpr FindingKind kNoEncoding = {
    "encoding-none", Severity::kWarning, "the database's encoding is SQL_ASCII",
    "PostgreSQL then checks and converts nothing: rows with bytes that are not UTF-8 "
    "cannot be sent to callers as text."};
constexpr FindingKind kOtherEncoding = {
    "encoding-other", Severity::kNote, "the database's encoding is not UTF8",
    "Callers send UTF-8; characters that the database's encoding lacks are refused "
    "(22P05)."};

constexpr int kOldestVersion = 130000;
constexpr absl::Duration kMostSkew = absl::Seconds(2);

}  // namespace

FindingKinds ServerKinds() {
  return {&kVersionOld, &kPooler,     &kPoolerSwitches,
          &kClockSkew,  &kNoEncoding, &kOtherEncoding};
}

void JudgeServer(const EndpointFacts& endpoint, Findings& findings) {
  if (!endpoint.server.has_value()) return;
  const ServerFacts& server = *endpoint.server;
  if (server.version_number < kOldestVersion) {
    findings.push_back({&kVersionOld,
                        {endpoint.name},
                        StrCat("It is PostgreSQL ", server.version, "."),
                        "Upgrade the server."});
  }
  if (!server.keeps_backend) {
    findings.push_back(
        {&kPoolerSwitches,
         {endpoint.name},
         "Statements of one session were served by different processes.",
         "Let the gateway connect to PostgreSQL itself: it is a pooler of its own."});
  } else if (!endpoint.trial.meets_named_backend) {
    findings.push_back(
        {&kPooler,
         {endpoint.name},
         "The process that serves a session is not the one named at its start.",
         "Let the gateway connect to PostgreSQL itself: it is a pooler of its own."});
  }
  const absl::Duration skew = absl::AbsDuration(server.clock_skew);
  if (skew - server.clock_skew_precision > kMostSkew) {
    findings.push_back(
        {&kClockSkew,
         {endpoint.name},
         StrCat("Its clock is ", Text(absl::Trunc(skew, absl::Milliseconds(100))),
                server.clock_skew > absl::ZeroDuration() ? " ahead of" : " behind",
                " the gateway's."),
         "Let both follow one time source (chrony, systemd-timesyncd)."});
  }
  if (server.encoding == "SQL_ASCII") {
    findings.push_back(
        {&kNoEncoding,
         {endpoint.name},
         StrCat("The database ", server.login.database, " has the encoding SQL_ASCII."),
         "Move the data to a database with the encoding UTF8, by pg_dump "
         "and pg_restore."});
  } else if (server.encoding != "UTF8") {
    findings.push_back(
        {&kOtherEncoding,
         {endpoint.name},
         StrCat("The database ", server.login.database, " has the encoding ",
                server.encoding, "."),
         "Nothing, if callers keep to its characters; else move to UTF8."});
  }
}

}  // namespace pgsluice::doctor
