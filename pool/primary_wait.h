// The one place where calls wait while there is no primary: a FailoverBuffer with its
// lock, and the coroutines in it. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "asio/awaitable.hpp"

#include "pool/clock.h"
#include "pool/completion.h"
#include "pool/failover_buffer.h"
#include "pool/stop_signal.h"

namespace pgsluice {

// Shared by the cluster and the calls that have a turn.
class PrimaryWait final : public std::enable_shared_from_this<PrimaryWait> {
 public:
  PrimaryWait(const FailoverBufferOptions& options, const Clock* clock)
      : clock_(clock), buffer_(options) {}
  PrimaryWait(const PrimaryWait&) = delete;
  PrimaryWait& operator=(const PrimaryWait&) = delete;

  // A call that was released and looks for its session; when it ends, the next one is
  // released.
  class Turn final {
   public:
    Turn() = default;
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { End(); }
    void End();

   private:
    friend class PrimaryWait;
    std::shared_ptr<PrimaryWait> wait_;
  };

  // Rises whenever somebody may have been released. Read before the look at the topology
  // that says to wait: what has changed since is not missed.
  uint64_t epoch() const ABSL_LOCKS_EXCLUDED(mutex_);
  // OK: look at the topology again. Otherwise why the wait was in vain: `deadline` has
  // come (DeadlineExceeded), there is no room (ResourceExhausted), or the error of the
  // stop. Resumes on the caller's executor.
  asio::awaitable<absl::Status> Wait(BufferedFor wanted, uint64_t epoch,
                                     absl::Time deadline, StopSignal& stop, Turn& turn);

  // There is a primary: calls are released, so many at a time, until Close.
  void Open(size_t concurrency) ABSL_LOCKS_EXCLUDED(mutex_);
  void Close() ABSL_LOCKS_EXCLUDED(mutex_);
  // Something else than the primary may serve now.
  void WakeUndemanding() ABSL_LOCKS_EXCLUDED(mutex_);
  // There is nothing to wait for any more.
  void WakeAll() ABSL_LOCKS_EXCLUDED(mutex_);
  void Expire() ABSL_LOCKS_EXCLUDED(mutex_);
  void Reconfigure(const FailoverBufferOptions& options) ABSL_LOCKS_EXCLUDED(mutex_);

  FailoverBufferStats stats() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // How a wait ended, and whether the caller takes a turn.
  struct Released {
    absl::Status status;
    bool has_turn = false;
  };
  using Resume = Completion<Released>;
  // What is to be told once the lock is released.
  using Ended = std::vector<std::pair<std::shared_ptr<Resume>, Released>>;

  void End(WaiterId id, const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  void OnTurnEnded() ABSL_LOCKS_EXCLUDED(mutex_);
  void TakeLocked(const std::vector<WaiterId>& ids, const Released& released,
                  Ended& ended) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void Tell(Ended ended);

  const Clock* const clock_;

  mutable absl::Mutex mutex_;
  FailoverBuffer buffer_ ABSL_GUARDED_BY(mutex_);
  // Shared with the waiting coroutines.
  std::unordered_map<WaiterId, std::shared_ptr<Resume>> waiting_ ABSL_GUARDED_BY(mutex_);
  uint64_t epoch_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t concurrency_ ABSL_GUARDED_BY(mutex_) = 0;  // 0: closed.
};

}  // namespace pgsluice
