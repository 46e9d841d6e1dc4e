#include "server/doctor/durability_rules.h"

#include "pool/str_cat.h"
#include "server/doctor/setting_text.h"

namespace pgsluice::doctor {

namespace {

constexpr FindingKind kFsyncOff = {
    "fsync-off", Severity::kError, "fsync is off",
    "A crash of the machine can destroy the whole cluster."};
constexpr FindingKind kFullPageWritesOff = {
    "full-page-writes-off", Severity::kError, "full_page_writes is off",
    "A crash of the machine can leave pages half written, beyond repair."};
constexpr FindingKind kSynchronousCommitOff = {
    "synchronous-commit-off", Severity::kWarning, "synchronous_commit is off",
    "A crash loses writes that callers were told to be committed, though none by half."};
constexpr FindingKind kCommitsLocal = {
    "commits-local", Severity::kWarning,
    "synchronous_commit is local, and synchronous_standby_names is set",
    "Commits do not wait for the synchronous standbys: a failover may lose them."};
constexpr FindingKind kReadOnlyDefault = {
    "read-only-default", Severity::kError,
    "default_transaction_read_only is on for the role on a primary",
    "Writes fail (25006), and the gateway doubts the primary for each of them."};
constexpr FindingKind kPreparedTransactions = {
    "prepared-transactions", Severity::kWarning,
    "a prepared transaction is older than 5 minutes",
    "It keeps its locks and holds up vacuum until somebody commits it or rolls it back, "
    "through every restart."};
constexpr FindingKind kAutovacuumOff = {
    "autovacuum-off", Severity::kWarning, "autovacuum is off on a primary",
    "Tables grow, plans get worse, and in the end a vacuum against wraparound comes when "
    "it suits least."};
constexpr FindingKind kWraparound = {
    "wraparound", Severity::kError,
    "a database has transactions unfrozen for more than 1 200 million others",
    "Near 2 000 million PostgreSQL refuses all writes."};
constexpr FindingKind kArchivingFails = {
    "archiving-fails", Severity::kWarning, "the last attempt to archive WAL failed",
    "Backups cannot be restored beyond that point, and WAL fills the disk."};

constexpr absl::Duration kOld = absl::Minutes(5);
constexpr int64_t kUnfrozen = 1'200'000'000;

void JudgeSettings(const EndpointFacts& endpoint, Findings& findings) {
  const ServerFacts& server = *endpoint.server;
  const auto switched_off = [&](const FindingKind& kind, const char* name) {
    if (!Is(server, name, "off")) return;
    findings.push_back({&kind,
                        {endpoint.name},
                        StrCat(name, " is off."),
                        "Switch it on:",
                        {SetForServer(name, "on"), kReloadServer}});
  };
  switched_off(kFsyncOff, "fsync");
  switched_off(kFullPageWritesOff, "full_page_writes");
  if (!endpoint.is_primary()) return;
  constexpr char kCommit[] = "synchronous_commit";
  const std::string commit = TextOf(server, kCommit);
  const std::string found =
      StrCat(kCommit, " is ", commit, WhereSet(server, kCommit), ".");
  if (commit == "off") {
    findings.push_back({&kSynchronousCommitOff,
                        {endpoint.name},
                        found,
                        "Unless that is meant:",
                        {SetForRole(server, kCommit, "on")}});
  } else if (commit == "local" && !TextOf(server, "synchronous_standby_names").empty()) {
    findings.push_back({&kCommitsLocal,
                        {endpoint.name},
                        found,
                        "Unless that is meant:",
                        {SetForRole(server, kCommit, "on")}});
  }
  switched_off(kAutovacuumOff, "autovacuum");
  constexpr char kReadOnly[] = "default_transaction_read_only";
  if (Is(server, kReadOnly, "on")) {
    findings.push_back({&kReadOnlyDefault,
                        {endpoint.name},
                        StrCat(kReadOnly, " is on", WhereSet(server, kReadOnly), "."),
                        "Switch it off for the gateway's role:",
                        {SetForRole(server, kReadOnly, "off")}});
  }
}

void JudgeUpkeep(const EndpointFacts& endpoint, Findings& findings) {
  const PrimaryFacts& primary = *endpoint.server->primary;
  if (primary.prepared_transactions > 0 && primary.oldest_prepared > kOld) {
    findings.push_back(
        {&kPreparedTransactions,
         {endpoint.name},
         StrCat("There are ", primary.prepared_transactions,
                " prepared transactions; the oldest is ",
                Text(absl::Trunc(primary.oldest_prepared, absl::Seconds(1))), " old."),
         "See SELECT * FROM pg_prepared_xacts, and end those that nobody will:",
         {"ROLLBACK PREPARED '...';"}});
  }
  if (primary.oldest_frozen_age > kUnfrozen) {
    findings.push_back({&kWraparound,
                        {endpoint.name},
                        StrCat("The oldest unfrozen transaction id is ",
                               primary.oldest_frozen_age, " transactions old."),
                        "Look for what holds up vacuum (old transactions, slots, "
                        "prepared transactions), "
                        "then:",
                        {"VACUUM FREEZE;"}});
  }
  if (primary.archiving_fails) {
    findings.push_back({&kArchivingFails,
                        {endpoint.name},
                        "pg_stat_archiver tells of a failure after the last success.",
                        "See PostgreSQL's log, and archive_command."});
  }
}

}  // namespace

FindingKinds DurabilityKinds() {
  return {&kFsyncOff,     &kFullPageWritesOff, &kSynchronousCommitOff,
          &kCommitsLocal, &kReadOnlyDefault,   &kPreparedTransactions,
          &kWraparound,   &kArchivingFails,    &kAutovacuumOff};
}

void JudgeDurability(const EndpointFacts& endpoint, Findings& findings) {
  if (!endpoint.server.has_value()) return;
  JudgeSettings(endpoint, findings);
  if (endpoint.server->primary.has_value()) JudgeUpkeep(endpoint, findings);
}

}  // namespace pgsluice::doctor
