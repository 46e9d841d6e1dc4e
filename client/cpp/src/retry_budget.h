// How much may be sent again: a share of what is sent, so that clients do not multiply
// the load of a gateway in trouble. Thread-safe.
#pragma once

#include <algorithm>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace pgsluice::client {

class RetryBudget final {
 public:
  // Each first attempt earns `share` of a retry; at most `reserve` are saved, and there
  // to begin with.
  RetryBudget(double share, double reserve)
      : share_(share), reserve_(reserve), saved_(reserve) {}

  void OnFirstAttempt() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    saved_ = std::min(reserve_, saved_ + share_);
  }
  // Takes one retry out; false when there is none.
  bool TakeRetry() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    if (saved_ < 1) return false;
    saved_ -= 1;
    return true;
  }

 private:
  const double share_;
  const double reserve_;
  absl::Mutex mutex_;
  double saved_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pgsluice::client
