// When a failed call may be sent again, and after how long: a pure rule.
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "pgsluice/client/options.h"
#include "pgsluice/v1/error.pb.h"

namespace pgsluice::client {

struct Attempt {
  Intent intent;
  int number;  // From 1.
  int max_attempts;
  // In [0, 1): spreads clients that failed together.
  double jitter;
};

// Nothing: give up. Obeys the gateway's verdict; without one, only a read that never
// reached the gateway, or lost it, is sent again.
std::optional<absl::Duration> RetryCallAfter(const absl::Status& failure,
                                             const Attempt& attempt);
// The same for a whole transaction.
std::optional<absl::Duration> RetryTransactionAfter(const absl::Status& failure,
                                                    const Attempt& attempt);

// Waits before the next attempt; false when the deadline comes first.
bool SleepBefore(absl::Duration delay, absl::Time deadline);
double RandomJitter();

}  // namespace pgsluice::client
