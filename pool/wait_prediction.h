// How long a call would wait for a session, and whether it should wait at all. Rules
// file.
#pragma once

#include <cstddef>
#include <optional>

#include "absl/time/time.h"

#include "pool/options.h"

namespace pgsluice {

// How long leases last: an average in which old ones fade.
class HoldAverage final {
 public:
  void Add(absl::Duration hold);
  // Absent before the first.
  std::optional<absl::Duration> value() const { return average_; }

 private:
  std::optional<absl::Duration> average_;
};

// With `ahead` waiters before it and `sessions` that come free in turns. Absent when
// nothing is known, or no session is open.
std::optional<absl::Duration> PredictWait(size_t ahead, size_t sessions,
                                          std::optional<absl::Duration> hold);

// Whether a waiter that has seen `failures` dials fail in `waited` gives up. `open`
// sessions may still come free: then it does not.
bool HasTriedEnough(size_t failures, absl::Duration waited, size_t open,
                    const PoolOptions& options);

// Most sessions that transactions and streams may hold together.
size_t RoomToHold(const PoolOptions& options);

// What one of `fleet_size` gateways may have of the sizes meant for all: at least one
// session a pool.
PoolsOptions ShareOf(PoolsOptions options);

}  // namespace pgsluice
