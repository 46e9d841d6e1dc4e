// Looks after the table of idempotency keys: creates it if it may, knows whether it is
// fit to be used, and deletes keys that are too old. Blocks on a thread of its own, off
// the request path. Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "pool/endpoint.h"
#include "pool/idempotency.h"

namespace pgsluice {

enum class IfNoTable { kLeave, kCreate };

// Asks one server. The real one is control/pg_idempotency_store.h; a fake lives in tests.
class IdempotencyStore {
 public:
  virtual ~IdempotencyStore() = default;
  // OK: the table is there, and fit to be used. UNAVAILABLE: the server did not answer.
  // Else why the table is not fit, a clause. Blocks for a few seconds at most, as below.
  virtual absl::Status Look(const Endpoint& primary, IfNoTable if_no_table) = 0;
  // Deletes some keys that are older; returns whether there may be more.
  virtual absl::StatusOr<bool> Sweep(const Endpoint& primary,
                                     absl::Duration retention) = 0;
  // Nothing is asked for the moment.
  virtual void Rest() = 0;
};

struct IdempotencyKeeperDeps {
  std::unique_ptr<IdempotencyStore> store;
  IdempotencyTable table;
  IdempotencyUpkeep upkeep;
  // The endpoint now accepted as the primary; absent while there is none.
  std::function<std::optional<Endpoint>()> primary;
  // The verdict is another one. On the keeper's thread.
  std::function<void(const absl::Status& verdict)> on_change;
};

class IdempotencyKeeper final {
 public:
  explicit IdempotencyKeeper(IdempotencyKeeperDeps deps);
  IdempotencyKeeper(const IdempotencyKeeper&) = delete;
  IdempotencyKeeper& operator=(const IdempotencyKeeper&) = delete;
  ~IdempotencyKeeper();

  const IdempotencyTable& table() const { return deps_.table; }
  // Whether the table can be used, and what a call is to be told if not. Absent until it
  // was looked at for the first time.
  std::optional<absl::Status> verdict() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Looks soon.
  void Nudge() ABSL_LOCKS_EXCLUDED(mutex_);
  void Reconfigure(const IdempotencyUpkeep& upkeep) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);
  // One round; returns how long to wait for the next.
  absl::Duration Round(const IdempotencyUpkeep& upkeep) ABSL_LOCKS_EXCLUDED(mutex_);
  void Judge(const absl::Status& looked) ABSL_LOCKS_EXCLUDED(mutex_);

  const IdempotencyKeeperDeps deps_;
  std::atomic<bool> is_stopping_{false};

  mutable absl::Mutex mutex_;
  IdempotencyUpkeep upkeep_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> verdict_ ABSL_GUARDED_BY(mutex_);
  bool is_nudged_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace pgsluice
