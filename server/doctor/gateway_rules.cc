#include "server/doctor/gateway_rules.h"

#include <algorithm>

#include "pool/str_cat.h"
#include "server/doctor/capacity_rules.h"
#include "server/doctor/setting_text.h"

namespace pgsluice::doctor {

namespace {

constexpr FindingKind kTooFewFiles = {
    "too-few-files", Severity::kError,
    "the process may open fewer files than its pools need",
    "Sessions and connections of callers fail (EMFILE) under load."};
constexpr FindingKind kFewFiles = {
    "few-files", Severity::kNote,
    "less than 1000 files are left for connections of callers",
    "Every connection of a caller takes one; those beyond are not accepted."};
constexpr FindingKind kDrainLong = {
    "drain-long", Severity::kNote,
    "a drain may take longer than Kubernetes gives by default (30 s)",
    "A process that is killed while it drains cuts off what it was letting end."};
constexpr FindingKind kOwnIdleTimeout = {
    "own-idle-timeout", Severity::kWarning,
    "session.idle_in_transaction_timeout is not above limits.transaction_idle_timeout",
    "PostgreSQL ends a silent transaction together with its session before the gateway "
    "has warned its caller and rolled it back."};
constexpr FindingKind kLibpqOld = {
    "libpq-old", Severity::kWarning, "libpq is older than 13",
    "Nobody fixes its errors any more, and it takes TLS versions that are broken."};

constexpr int64_t kOwnFiles = 64;       // Log, epoll, libraries, listening sockets.
constexpr int64_t kCallerFiles = 1000;  // Few enough to be worth a word.
constexpr absl::Duration kUsualGrace = absl::Seconds(30);
constexpr int kOldestLibpq = 130000;

void JudgeFiles(const DeploymentFacts& facts, Findings& findings) {
  const auto most =
      static_cast<int64_t>(std::min<uint64_t>(facts.gateway.max_files, INT32_MAX));
  const int64_t gateways =
      static_cast<int64_t>(std::max<size_t>(1, facts.gateway.pools.fleet_size));
  const int64_t sessions = SessionsWanted(facts.gateway) / gateways *
                           static_cast<int64_t>(facts.endpoints.size());
  const int64_t left = most - sessions - kOwnFiles;
  if (left >= kCallerFiles) return;
  findings.push_back(
      {left < 0 ? &kTooFewFiles : &kFewFiles,
       {},
       StrCat("The process may open ", most, " files; its sessions need ", sessions,
              ", which leaves ", std::max<int64_t>(left, 0), " for callers."),
       "Raise the limit (LimitNOFILE= in a systemd unit, ulimit -n in a "
       "shell, the container runtime's default).",
       {"ulimit -n 65536"}});
}

}  // namespace

FindingKinds GatewayKinds() {
  return {&kTooFewFiles, &kFewFiles, &kDrainLong, &kOwnIdleTimeout, &kLibpqOld};
}

void JudgeGateway(const DeploymentFacts& facts, Findings& findings) {
  const GatewayFacts& gateway = facts.gateway;
  JudgeFiles(facts, findings);
  if (gateway.drain >= kUsualGrace) {
    findings.push_back(
        {&kDrainLong,
         {},
         StrCat("shutdown.drain_delay and drain_deadline are ", Text(gateway.drain),
                " together."),
         "Give the process ten seconds more than that (the chart does):",
         {StrCat(
             "terminationGracePeriodSeconds: ",
             absl::ToInt64Seconds(absl::Ceil(gateway.drain, absl::Seconds(1))) + 10)}});
  }
  const absl::Duration idle = gateway.session.idle_in_transaction_timeout;
  if (idle > absl::ZeroDuration() && idle <= gateway.transaction_idle_timeout) {
    findings.push_back(
        {&kOwnIdleTimeout,
         {},
         StrCat("session.idle_in_transaction_timeout is ", Text(idle),
                ", limits.transaction_idle_timeout is ",
                Text(gateway.transaction_idle_timeout), "."),
         "Keep the first above the second; the defaults are 60s and 30s."});
  }
  if (gateway.libpq_version > 0 && gateway.libpq_version < kOldestLibpq) {
    findings.push_back({&kLibpqOld,
                        {},
                        StrCat("It is version ", gateway.libpq_version / 10000, "."),
                        "Install a newer libpq5, from the distribution or PGDG."});
  }
}

}  // namespace pgsluice::doctor
