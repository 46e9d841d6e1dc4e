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
#include "pool/lineage.h"
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
  std::optional<absl::Duration> replay_lag;
  absl::Duration latency;
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
  // The endpoint has been given another address, which is not used yet: why not.
  std::string successor_problem;
};

// Immutable once made.
struct Topology {
  uint64_t generation = 0;  // Rises when a role changes.
  std::vector<EndpointView> endpoints;
  std::optional<size_t> primary;
  uint32_t highest_timeline = 0;  // Of any primary so far.
  std::string system_identifier;  // Of the first primary or replica seen.
  std::string primary_problem;    // Why there is no primary.
  // Of the primary seen last.
  Lineage lineage;
  WalMarks marks;
};

bool SameRoles(const Topology& a, const Topology& b);

// `latest` holds the latest answer of each endpoint, if any. An endpoint is reachable
// while its latest answer is good and not older than `probe_timeout`.
Topology NextTopology(const Topology& previous,
                      const std::vector<std::optional<ProbeResult>>& latest,
                      absl::Duration probe_timeout, absl::Time now);

}  // namespace pgsluice
