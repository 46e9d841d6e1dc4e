// A pool in figures, at one moment.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"

#include "pool/cancel_tally.h"
#include "pool/duration_histogram.h"
#include "pool/endpoint.h"
#include "pool/session_lifecycle.h"

namespace pgsluice {

// Totals since the pool was made.
struct PoolCounters {
  uint64_t acquired = 0;
  uint64_t acquired_after_wait = 0;
  absl::Duration wait_total;
  uint64_t acquire_timeouts = 0;
  uint64_t queue_full = 0;
  uint64_t acquire_cancelled = 0;
  uint64_t opened = 0;
  uint64_t connect_failures = 0;
  std::array<uint64_t, static_cast<size_t>(CloseReason::kCount)> closed{};
  uint64_t resets = 0;
  uint64_t cancels = 0;
  uint64_t gave_up = 0;  // Waiters that saw too many dials fail.
  // Calls whose wait would have been longer than their deadline; of these, refused.
  uint64_t doomed = 0;
  uint64_t doomed_refused = 0;
  uint64_t pings = 0;
  // Of all pools that the endpoint has had in this role.
  CancelCounts cancelled;
  // Of each lease given out: how long its call waited in the queue, mostly not at all.
  DurationHistogram acquire_time;
  DurationHistogram use_time;      // Of each lease given back.
  DurationHistogram connect_time;  // Of each session opened.

  // Adds those of another pool of the same endpoint, login and role.
  void Add(const PoolCounters& other);
};

struct PoolStats {
  std::string endpoint;
  std::string login = {};  // Its name; empty: the endpoint's own.
  Role role = Role::kUnknown;
  bool is_retired = false;
  size_t min_size = 0;
  size_t max_size = 0;
  size_t target_size = 0;  // max_size, or less while the server is full.
  size_t open = 0;         // idle + leased + maintenance
  size_t idle = 0;
  size_t leased = 0;
  size_t transactions = 0;  // Of these, held by transactions.
  size_t maintenance = 0;
  size_t connecting = 0;
  size_t waiters = 0;
  size_t max_waiters = 0;
  bool is_paused = false;
  size_t to_renew = 0;  // Open ones that are to be replaced.
  std::optional<absl::Duration> oldest_wait;
  std::optional<absl::Duration> next_dial_in;
  std::string last_error;
  PoolCounters counters;
};

}  // namespace pgsluice
