// Delays between attempts: exponential, capped, with full jitter, without end. Rules
// file.
#pragma once

#include "absl/time/time.h"

namespace pgsluice {

class Backoff final {
 public:
  Backoff(absl::Duration initial, absl::Duration max) : initial_(initial), max_(max) {}

  // Counts one failure. `random` is in [0, 1): the delay is that part of
  // min(max, initial * 2^failures), but never below half of `initial`.
  absl::Duration NextDelay(double random);
  void Reset() { failures_ = 0; }
  void Reconfigure(absl::Duration initial, absl::Duration max) {
    initial_ = initial;
    max_ = max;
  }
  int failures() const { return failures_; }

 private:
  absl::Duration initial_;
  absl::Duration max_;
  int failures_ = 0;
};

}  // namespace pgsluice
