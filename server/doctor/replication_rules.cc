#include "server/doctor/replication_rules.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"

#include "pool/str_cat.h"
#include "server/doctor/setting_text.h"

namespace pgsluice::doctor {

namespace {

constexpr FindingKind kNobodySynchronous = {
    "nobody-synchronous", Severity::kError,
    "fewer synchronous standbys are connected than synchronous_standby_names wants",
    "Every COMMIT of a write waits until they are there; callers run into their "
    "deadlines with an outcome that is not known."};
constexpr FindingKind kNoStandby = {
    "no-standby", Severity::kWarning,
    "replicas are configured, and the primary sends WAL to nobody",
    "The replicas stand still, or follow somebody else: their reads get old, and a "
    "failover to them loses what they lack."};
constexpr FindingKind kStandbyNotStreaming = {
    "standby-not-streaming", Severity::kWarning,
    "a standby is connected and does not stream (startup, catchup, backup)",
    "It is behind, and may never catch up if the primary writes faster than it reads."};
constexpr FindingKind kSlotLost = {
    "slot-lost", Severity::kError,
    "a replication slot has lost WAL, or is about to (wal_status lost, unreserved)",
    "Its replica cannot go on from where it stopped, and has to be made anew."};
constexpr FindingKind kSlotInactive = {
    "slot-inactive", Severity::kWarning, "a replication slot is not used by anybody",
    "The primary keeps all WAL for it, until its disk is full and it stops."};
constexpr FindingKind kWalLevel = {
    "wal-level", Severity::kError, "wal_level is minimal",
    "No replica can follow it, and no base backup can be taken."};

bool WaitsForStandbys(const ServerFacts& server) {
  const std::string commit = TextOf(server, "synchronous_commit");
  return !TextOf(server, "synchronous_standby_names").empty() && commit != "off" &&
         commit != "local";
}

// "FIRST 2 (a, b)", "ANY 1 (*)", "2 (a, b)"; a plain list is one.
int StandbysWanted(const std::string& names) {
  std::string lower = absl::AsciiStrToLower(names);
  for (const char* method : {"first", "any"}) {
    if (lower.starts_with(method)) lower = lower.substr(std::string(method).size());
  }
  const size_t bracket = lower.find('(');
  int wanted = 1;
  if (bracket != std::string::npos &&
      absl::SimpleAtoi(lower.substr(0, bracket), &wanted)) {
    return wanted;
  }
  return 1;
}

void JudgeSynchronous(const EndpointFacts& endpoint, Findings& findings) {
  const ServerFacts& server = *endpoint.server;
  if (!WaitsForStandbys(server)) return;
  const std::string names = TextOf(server, "synchronous_standby_names");
  const int wanted = StandbysWanted(names);
  const auto& standbys = server.primary->standbys;
  const auto synchronous =
      std::count_if(standbys.begin(), standbys.end(), [](const StandbyFact& standby) {
        return standby.sync_state == "sync" || standby.sync_state == "quorum";
      });
  if (synchronous >= wanted) return;
  findings.push_back(
      {&kNobodySynchronous,
       {endpoint.name},
       StrCat("synchronous_standby_names = ", Literal(names), " wants ", wanted,
              " of them; ", synchronous, " of ", standbys.size(),
              " connected standbys is synchronous."),
       "Start them, correct their application_name (in primary_conninfo), or give "
       "synchronous replication up:",
       {SetForServer("synchronous_standby_names", ""), kReloadServer}});
}

void JudgeStandbys(const DeploymentFacts& facts, const EndpointFacts& endpoint,
                   Findings& findings) {
  const PrimaryFacts& primary = *endpoint.server->primary;
  if (!primary.knows_standbys) return;
  JudgeSynchronous(endpoint, findings);
  const bool has_replicas =
      std::any_of(facts.endpoints.begin(), facts.endpoints.end(),
                  [](const EndpointFacts& other) { return other.is_replica(); });
  if (primary.standbys.empty() && has_replicas) {
    findings.push_back({&kNoStandby,
                        {endpoint.name},
                        "pg_stat_replication is empty.",
                        "See the replicas' logs; check primary_conninfo, pg_hba.conf "
                        "(database replication) and max_wal_senders."});
  }
  for (const StandbyFact& standby : primary.standbys) {
    if (standby.state == "streaming") continue;
    findings.push_back(
        {&kStandbyNotStreaming,
         {endpoint.name},
         StrCat("The standby ", standby.name, " is in the state ", standby.state, "."),
         "Give it time; if it stays so, look at its log, its disk and the "
         "network."});
  }
}

void JudgeSlots(const EndpointFacts& endpoint, Findings& findings) {
  for (const SlotFact& slot : endpoint.server->primary->slots) {
    const std::string drop =
        StrCat("SELECT pg_drop_replication_slot(", Literal(slot.name), ");");
    if (slot.wal_status == "lost" || slot.wal_status == "unreserved") {
      findings.push_back(
          {&kSlotLost,
           {endpoint.name},
           StrCat("The slot ", slot.name, " has wal_status ", slot.wal_status, "."),
           "Make its replica anew (pg_basebackup), raise "
           "max_slot_wal_keep_size, and drop the slot if nobody needs it:",
           {drop}});
    } else if (!slot.is_active) {
      findings.push_back({&kSlotInactive,
                          {endpoint.name},
                          StrCat("The slot ", slot.name, " is not active, and keeps ",
                                 BytesText(slot.retained_bytes), " of WAL."),
                          "Start its replica, or drop it; max_slot_wal_keep_size bounds "
                          "what it can keep.",
                          {drop}});
    }
  }
}

}  // namespace

FindingKinds ReplicationKinds() {
  return {&kNobodySynchronous, &kNoStandby,    &kStandbyNotStreaming,
          &kSlotLost,          &kSlotInactive, &kWalLevel};
}

void JudgeReplication(const DeploymentFacts& facts, const EndpointFacts& endpoint,
                      Findings& findings) {
  if (!endpoint.is_primary() || !endpoint.server->primary.has_value()) return;
  JudgeStandbys(facts, endpoint, findings);
  JudgeSlots(endpoint, findings);
  if (Is(*endpoint.server, "wal_level", "minimal") && facts.endpoints.size() > 1) {
    findings.push_back({&kWalLevel,
                        {endpoint.name},
                        "wal_level is minimal.",
                        "Set it, and restart PostgreSQL:",
                        {SetForServer("wal_level", "replica")}});
  }
}

}  // namespace pgsluice::doctor
