// Which endpoint has which role, as far as probes tell. Rules file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "pool/endpoint.h"
#include "pool/lag.h"
#include "pool/lag_gate.h"
#include "pool/lineage.h"
#include "pool/login.h"
#include "pool/options.h"
#include "pool/outlier_detector.h"
#include "pool/wal_marks.h"

namespace pgsluice {

// The answer of one endpoint to one probe.
struct ProbeResult {
  bool ok = false;
  std::string error;  // When not ok; free of secrets.
  bool in_recovery = false;
  std::string system_identifier;  // Of the cluster: equal on a primary and its replicas.
  uint32_t timeline = 0;
  std::string lsn;         // Current (primary) or replayed (replica).
  uint64_t lsn_value = 0;  // The same, in bytes.
  // Of a replica only.
  std::string receive_lsn;
  std::optional<absl::Duration> replay_age;  // Of the last commit that it has replayed.
  bool is_receiving = false;                 // Its WAL receiver is connected.
  // Since the receiver's last message; absent: unknown, for want of a privilege, say.
  std::optional<absl::Duration> receiver_silence;
  // The receiver's; absent: unknown. Such a timeline there is, and `timeline` is certain.
  std::optional<uint32_t> received_timeline;

  Login login;                    // Of the control session.
  std::vector<Login> users = {};  // See ProbeOptions.
  bool is_new_session = false;    // Dialled for this probe.
  absl::Duration round_trip;      // Of the question alone, without the dial.
  absl::Duration latency;
  absl::Time begun;
  absl::Time at;  // When it was answered, or failed.
  // Of its timeline; null when it may not be read. Shared by the probes of one endpoint.
  std::shared_ptr<const TimelineHistory> history = nullptr;
};

struct EndpointView {
  std::string name;
  // An endpoint that cannot be reached keeps its role (and so its pool and waiters),
  // until another one takes over.
  Role role = Role::kUnknown;
  bool is_reachable = false;
  std::optional<ProbeResult> last;
  std::optional<ProbeResult> last_ok;
  std::string problem;  // Why it is not used, although reachable.
  // The last probe got no answer at all: not even that it is refused.
  bool is_silent = false;
  // It has refused a write, as a standby does; absent: or a probe has settled that since.
  std::optional<absl::Time> doubted_at;
  std::optional<absl::Time> doubted_last;  // The same, settled or not.
  // Of a replica.
  Lag lag;
  LagGate lag_gate;
  std::optional<Ejection> ejection;  // See OutlierDetector; absent: none.
  absl::Duration round_trip;         // Smoothed; zero: not known.
  uint32_t weight = 1;               // See Endpoint.
  bool is_near = false;              // In the gateway's zone.
  // The endpoint has been given another address, which is not used yet: why not.
  std::string successor_problem;
};

// Totals since start.
struct TopologyCounters {
  uint64_t changes = 0;    // Roles that have changed.
  uint64_t failovers = 0;  // Another endpoint became the primary.
  uint64_t outages = 0;    // Times there was no primary to write to.
  absl::Duration outage_total;
  absl::Duration last_outage;
  uint64_t lag_exits = 0;  // Replicas taken out for their lag.
};

// Immutable once made.
struct Topology {
  uint64_t generation = 0;  // Rises when a role changes.
  std::vector<EndpointView> endpoints;
  std::optional<size_t> primary;
  uint32_t highest_timeline = 0;  // Of any primary so far, and of what replicas receive.
  std::string system_identifier;  // Of the first primary or replica seen.
  std::string primary_problem;    // Why there is no primary.
  // Of the primary seen last.
  Lineage lineage;
  WalMarks marks;
  bool is_contested = false;  // Several endpoints claim to be it.
  bool has_had_primary = false;
  std::string last_primary;  // Its name, whether it still is or not.
  LsnHistory written;        // By the primary.
  std::optional<absl::Time> first_look;
  // Since when there has been no primary to write to; absent while there is one, and
  // before the first.
  std::optional<absl::Time> outage_since;
  // There is none, but there was one not long ago: another may be expected.
  bool awaits_primary = false;
  TopologyCounters counters;

  // The primary is there, answers and is not in doubt.
  bool HasUsablePrimary() const;
};

struct TopologyOptions {
  absl::Duration probe_timeout = absl::Seconds(2);
  LagBound lag_bound = {};
  // How long after its loss a primary is expected.
  absl::Duration patience = absl::ZeroDuration();
  PrivilegedLogin privileged_login = PrivilegedLogin::kRefused;
};

bool SameRoles(const Topology& a, const Topology& b);
// The same replicas may get reads.
bool SameReplicas(const Topology& a, const Topology& b);

// `latest` holds the latest answer of each endpoint, if any. An endpoint is reachable
// while its latest answer is good and not older than `probe_timeout`. The first primary
// is chosen once all have answered, or failed to.
Topology NextTopology(const Topology& previous,
                      const std::vector<std::optional<ProbeResult>>& latest,
                      const TopologyOptions& options, absl::Time now);

}  // namespace pgsluice
