// Those who want word of a change, and telling them without a lock. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace pgsluice {

class Listeners final {
 public:
  using Listener = std::function<void()>;
  using Id = uint64_t;

  Listeners() = default;
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;

  // Subscribe first, then look at what may change: no change is missed. A listener may be
  // called from several threads at once, and once more while or after it is removed: it
  // should hold nothing that dies with its owner.
  Id Add(Listener listener) ABSL_LOCKS_EXCLUDED(mutex_);
  void Remove(Id id) ABSL_LOCKS_EXCLUDED(mutex_);
  // All of them, in order of their ids, on the calling thread.
  void Tell() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  mutable absl::Mutex mutex_;
  Id next_id_ ABSL_GUARDED_BY(mutex_) = 1;
  // Shared with calls under way.
  std::map<Id, std::shared_ptr<const Listener>> listeners_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pgsluice
