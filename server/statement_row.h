// What is known of all statements of one fingerprint in pools of one role: counts and
// times. Value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"

#include "pool/endpoint.h"
#include "server/coarse_histogram.h"

namespace pgsluice {

struct StatementKey {
  uint64_t fingerprint = 0;
  Role role = Role::kUnknown;

  bool operator==(const StatementKey&) const = default;
  template <class H>
  friend H AbslHashValue(H hash, const StatementKey& key) {
    return H::combine(std::move(hash), key.fingerprint, key.role);
  }
};

// One statement that has ended.
struct StatementSample {
  absl::Duration queued;   // Waiting for a session.
  absl::Duration execute;  // In PostgreSQL, and on the way there and back.
  absl::Duration stream;   // Waiting for the caller to take messages.
  uint64_t rows = 0;       // Returned.
  bool is_error = false;
  std::string_view name = {};  // Of a named statement; empty: its caller sent the SQL.
  std::string_view tag = {};
  absl::Time ended;

  absl::Duration total() const { return queued + execute + stream; }
};

struct StatementRow {
  StatementKey key;
  std::string sql = {};   // Normalised.
  std::string name = {};  // Of all calls; empty: none, or they differ.
  uint64_t calls = 0;
  uint64_t errors = 0;  // Of the calls.
  uint64_t rows = 0;
  absl::Duration total = absl::ZeroDuration();
  absl::Duration min = absl::InfiniteDuration();
  absl::Duration max = absl::ZeroDuration();
  // Parts of the total.
  absl::Duration queued = absl::ZeroDuration();
  absl::Duration execute = absl::ZeroDuration();
  absl::Duration stream = absl::ZeroDuration();
  CoarseHistogram times = {};
  absl::Time last_seen = absl::InfinitePast();
  std::string last_tag = {};

  void Add(const StatementSample& sample);
  void Merge(const StatementRow& other);
  absl::Duration Mean() const;
  // Never outside of min and max, as the histogram's might be.
  absl::Duration Quantile(double share) const;
};

}  // namespace pgsluice
