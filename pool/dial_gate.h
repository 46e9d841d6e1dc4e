// When sessions of one pool may be opened, and how many there may be: back-off after
// failures, a rate for the herd, and a smaller target while the server is full. Rules
// file.
//
//   open ──a dial fails──▶ shut until the back-off is over ──▶ half open (one dial tries)
//    ▲                               ▲                             │           │
//    │                               └──────────── it fails ───────┘           │
//    └───────────────────────────────── it succeeds ───────────────────────────┘
#pragma once

#include <cstddef>
#include <optional>

#include "absl/time/time.h"

#include "pool/backoff.h"
#include "pool/options.h"

namespace pgsluice {

class DialGate final {
 public:
  explicit DialGate(const PoolOptions& options);

  // New settings; what has been learnt stays.
  void Reconfigure(const PoolOptions& options);

  // How many of `wanted` dials may start now, with `connecting` under way.
  size_t MayStart(size_t wanted, size_t connecting, absl::Time now) const;
  void OnStart(size_t dials, absl::Time now);

  void OnSuccess(absl::Time now);
  // `is_full`: the server has no room for another session (SQLSTATE 53300), `open` are.
  // `has_waiters`: the next try is not put off beyond `connect_retry_delay`. `random` in
  // [0, 1).
  void OnFailure(bool is_full, size_t open, bool has_waiters, absl::Time now,
                 double random);

  // Failures in a row.
  int failures() const { return backoff_.failures(); }
  // Before that no dial starts; the infinite past when one may start at once.
  absl::Time shut_until() const { return shut_until_; }
  // Most sessions for now: max_size, or less while the server is full. It rises by one
  // for each `full_retry_interval` that the server takes another one, and is forgotten
  // when nothing was heard of its being full for twelve of them.
  size_t MaxOpen(absl::Time now) const;

 private:
  double TokensAt(absl::Time now) const;
  void Lower(size_t target, absl::Time now);

  size_t max_size_ = 0;
  size_t max_concurrent_ = 0;
  double rate_ = 0;  // Dials a second; 0: no limit.
  double burst_ = 0;
  absl::Duration retry_delay_;
  absl::Duration full_retry_interval_;

  Backoff backoff_;
  absl::Time shut_until_ = absl::InfinitePast();
  double tokens_ = 0;
  absl::Time tokens_at_ = absl::InfinitePast();
  std::optional<size_t> lowered_;  // The target while the server is full.
  absl::Time lowered_until_ = absl::InfinitePast();
};

}  // namespace pgsluice
