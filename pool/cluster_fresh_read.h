// What Cluster remembers of one Acquire with a conditional freshness, from one look at
// the topology to the next.
#pragma once

#include <optional>
#include <vector>

#include "absl/time/time.h"

#include "pool/cluster.h"

namespace pgsluice {

struct Cluster::FreshRead {
  absl::Time begun;
  absl::Duration waited = absl::ZeroDuration();
  // Readings of before then do not count, since the session at hand is younger: its
  // server may have started anew in between, and be back behind what it had replayed.
  absl::Time not_before = absl::InfinitePast();
  // Until then a newer reading is waited for, whatever the caller wants of stale
  // replicas.
  absl::Time verify_until = absl::InfinitePast();

  // Of the latest look:
  std::optional<WalPosition> wanted = {};
  bool is_ahead = false;               // The token is from a timeline not known yet.
  std::vector<absl::Time> asked = {};  // When each endpoint said that it meets it.
  bool is_counted = true;              // It is a call's, not a question.

  // Whether that endpoint is not fresh enough.
  bool IsStale(size_t endpoint, Role role) const {
    return role == Role::kReplica && endpoint < asked.size() &&
           asked[endpoint] == absl::InfinitePast();
  }
};

}  // namespace pgsluice
