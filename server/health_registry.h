// What grpc.health.v1 answers: the state of each name, from a few facts, and word when it
// changes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "pool/listeners.h"

namespace pgsluice {

// Which pools must be usable for the server to be ready.
enum class ReadinessRequires {
  kPrimary,
  kAny,
  kAll,
};

struct HealthFacts {
  bool started = false;
  bool draining = false;
  bool primary_usable = false;
  bool replica_usable = false;
  ReadinessRequires readiness_requires = ReadinessRequires::kPrimary;

  bool operator==(const HealthFacts&) const = default;
};

bool IsReady(const HealthFacts& facts);

// Whether a name is serving; absent for a name we do not know. Names: "" (the process
// takes calls), "liveness" (the process lives: always), "startup", "readiness" and
// "pgsluice.v1.GatewayService" (requests can be served), "pool.primary", "pool.replica".
// While draining all but liveness and startup are not serving.
std::optional<bool> IsServing(std::string_view name, const HealthFacts& facts);

// Thread-safe.
class HealthRegistry final {
 public:
  struct State {
    HealthFacts facts;
    uint64_t version = 0;  // Rises with each change.
  };

  explicit HealthRegistry(const HealthFacts& facts) : state_{facts, 1} {}
  HealthRegistry(const HealthRegistry&) = delete;
  HealthRegistry& operator=(const HealthRegistry&) = delete;

  // Changes facts in place under the lock: `change` must not call back. When anything
  // changed, calls all listeners without the lock, on the calling thread.
  void Update(const std::function<void(HealthFacts&)>& change)
      ABSL_LOCKS_EXCLUDED(mutex_);
  State state() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Those told of changes.
  Listeners& listeners() { return listeners_; }

 private:
  Listeners listeners_;

  mutable absl::Mutex mutex_;
  State state_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pgsluice
