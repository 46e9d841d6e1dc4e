#include "server/doctor/replica_rules.h"

#include "pool/str_cat.h"
#include "server/doctor/setting_text.h"

namespace pgsluice::doctor {

namespace {

constexpr FindingKind kReplayPaused = {
    "replay-paused", Severity::kWarning, "the replay of a replica is paused",
    "It receives WAL and shows none of it: its reads get older, and it gets none any "
    "more beyond routing.max_lag_time."};
constexpr FindingKind kNotReceiving = {
    "not-receiving", Severity::kWarning, "a replica receives no WAL by streaming",
    "It stands still, or follows by an archive only, minutes behind."};
constexpr FindingKind kReplicaLags = {
    "replica-lags", Severity::kWarning,
    "a replica is further behind than routing.max_lag_bytes, or 1 GB unless that is set",
    "Its reads are old, and a failover to it loses that much or takes that long."};
constexpr FindingKind kDelayedReplica = {
    "delayed-replica", Severity::kWarning, "recovery_min_apply_delay is set",
    "It is old on purpose: beyond routing.max_lag_time it gets no reads, and reads with "
    "a token wait in vain."};
constexpr FindingKind kReadsStopReplay = {
    "reads-stop-replay", Severity::kWarning, "max_standby_streaming_delay is -1",
    "One long read holds up the replay for as long as it runs, for all others."};
constexpr FindingKind kReadsCancelled = {
    "reads-cancelled", Severity::kNote,
    "hot_standby_feedback is off, and max_standby_streaming_delay is not -1",
    "Reads that run longer than that delay are cancelled when they need rows that the "
    "primary has vacuumed; the gateway sends such a read again, once."};
constexpr FindingKind kHotStandbyOff = {
    "hot-standby-off", Severity::kWarning,
    "hot_standby is off on a primary with replicas",
    "After a switch-over it refuses all sessions as a replica."};

constexpr uint64_t kMuch = uint64_t{1} << 30;

// The reachable primary of the same cluster.
const PrimaryFacts* PrimaryOf(const DeploymentFacts& facts, const ServerFacts& replica) {
  for (const EndpointFacts& endpoint : facts.endpoints) {
    if (endpoint.is_primary() &&
        endpoint.server->system_identifier == replica.system_identifier &&
        endpoint.server->timeline == replica.timeline) {
      return endpoint.server->primary.has_value() ? &*endpoint.server->primary : nullptr;
    }
  }
  return nullptr;
}

void JudgeLag(const DeploymentFacts& facts, const EndpointFacts& endpoint,
              Findings& findings) {
  const ServerFacts& server = *endpoint.server;
  const PrimaryFacts* primary = PrimaryOf(facts, server);
  const uint64_t replayed = server.replica->replayed_lsn;
  if (primary == nullptr || replayed == 0 || primary->lsn <= replayed) return;
  const uint64_t most =
      facts.gateway.lag_bound.bytes > 0 ? facts.gateway.lag_bound.bytes : kMuch;
  const uint64_t behind = primary->lsn - replayed;
  if (behind <= most) return;
  findings.push_back({&kReplicaLags,
                      {endpoint.name},
                      StrCat("It is ", BytesText(static_cast<int64_t>(behind)),
                             " of WAL behind the primary."),
                      "Look at its disk, its network, and reads that hold up its replay "
                      "(pg_stat_activity, backend_xmin)."});
}

void JudgeStreaming(const EndpointFacts& endpoint, Findings& findings) {
  const ReplicaFacts& replica = *endpoint.server->replica;
  if (replica.is_paused) {
    findings.push_back({&kReplayPaused,
                        {endpoint.name},
                        "Its replay is paused.",
                        "Let it go on:",
                        {"SELECT pg_wal_replay_resume();"}});
  }
  if (!replica.is_receiving) {
    findings.push_back({&kNotReceiving,
                        {endpoint.name},
                        "It has no WAL receiver that streams.",
                        "See its log; check primary_conninfo, primary_slot_name, and "
                        "whether its primary is up."});
  }
}

void JudgeSettings(const EndpointFacts& endpoint, Findings& findings) {
  const ServerFacts& server = *endpoint.server;
  const auto apply_delay = DurationOf(server, "recovery_min_apply_delay");
  if (apply_delay.value_or(absl::ZeroDuration()) > absl::ZeroDuration()) {
    findings.push_back({&kDelayedReplica,
                        {endpoint.name},
                        StrCat("recovery_min_apply_delay is ", Text(*apply_delay), "."),
                        "Do not list it as an endpoint, give it weight: 0, or:",
                        {SetForServer("recovery_min_apply_delay", "0"), kReloadServer}});
  }
  const auto delay = DurationOf(server, "max_standby_streaming_delay");
  if (!delay.has_value()) return;
  if (*delay < absl::ZeroDuration()) {
    findings.push_back(
        {&kReadsStopReplay,
         {endpoint.name},
         "max_standby_streaming_delay is -1.",
         "Bound it:",
         {SetForServer("max_standby_streaming_delay", "30s"), kReloadServer}});
  } else if (Is(server, "hot_standby_feedback", "off")) {
    findings.push_back(
        {&kReadsCancelled,
         {endpoint.name},
         StrCat("hot_standby_feedback is off, max_standby_streaming_delay is ",
                Text(*delay), "."),
         "If reads run that long, either raise the delay (they get older then), or let "
         "the primary keep their rows (its tables grow then):",
         {SetForServer("hot_standby_feedback", "on"), kReloadServer}});
  }
}

}  // namespace

FindingKinds ReplicaKinds() {
  return {&kReplayPaused,    &kNotReceiving,   &kReplicaLags,  &kDelayedReplica,
          &kReadsStopReplay, &kReadsCancelled, &kHotStandbyOff};
}

void JudgeReplica(const DeploymentFacts& facts, const EndpointFacts& endpoint,
                  Findings& findings) {
  if (endpoint.is_primary() && facts.endpoints.size() > 1 &&
      Is(*endpoint.server, "hot_standby", "off")) {
    findings.push_back({&kHotStandbyOff,
                        {endpoint.name},
                        "hot_standby is off.",
                        "Set it, and restart PostgreSQL:",
                        {SetForServer("hot_standby", "on")}});
  }
  if (!endpoint.is_replica() || !endpoint.server->replica.has_value()) return;
  JudgeLag(facts, endpoint, findings);
  JudgeStreaming(endpoint, findings);
  JudgeSettings(endpoint, findings);
}

}  // namespace pgsluice::doctor
