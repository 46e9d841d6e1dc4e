// Sessions and connects that stay outstanding until the test steps them. Thread-safe.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "asio/io_context.hpp"

#include "pool/session.h"

namespace pgsluice::testing {

// Runs no statements; looks on return as the test says.
class FakeSession final : public Session {
 public:
  FakeSession(int shard, asio::any_io_executor executor)
      : shard_(shard), executor_(std::move(executor)) {}

  int shard() const override { return shard_; }
  asio::any_io_executor executor() const override { return executor_; }
  asio::awaitable<absl::Status> Start(const Execution& execution) override;
  asio::awaitable<absl::Status> StartFlight(std::span<const Execution> legs,
                                            FlightKind kind) override;
  asio::awaitable<absl::StatusOr<Fetched>> Fetch(RowSink& sink) override;
  void RequestStop(uint64_t id, StopReason reason) override;
  SessionFacts facts() const override ABSL_LOCKS_EXCLUDED(mutex_);
  bool LooksAlive() const override { return looks_alive_; }
  void WatchClosely() override { is_watched_closely_ = true; }
  bool is_watched_closely() const { return is_watched_closely_; }
  void SetLooksAlive(bool looks_alive) { looks_alive_ = looks_alive; }
  void CleanUp(const CleanUpPlan& plan, std::function<void(absl::Status)> done) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  void Close() override ABSL_LOCKS_EXCLUDED(mutex_);

  void SetFacts(const SessionFacts& facts) ABSL_LOCKS_EXCLUDED(mutex_);
  // The plan of the clean-up under way; absent when there is none.
  std::optional<CleanUpPlan> clean_up() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Ends the clean-up under way: success makes the session look like new.
  void EndCleanUp(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  // The clean-up under way, if there is one, will not end.
  void Forget() ABSL_LOCKS_EXCLUDED(mutex_);
  bool is_closed() const { return closes() > 0; }
  // A session must be closed once.
  int closes() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  std::atomic<bool> looks_alive_{true};
  std::atomic<bool> is_watched_closely_{false};
  const int shard_;
  const asio::any_io_executor executor_;

  mutable absl::Mutex mutex_;
  SessionFacts facts_ ABSL_GUARDED_BY(mutex_);
  std::optional<CleanUpPlan> plan_ ABSL_GUARDED_BY(mutex_);
  std::function<void(absl::Status)> done_ ABSL_GUARDED_BY(mutex_);
  int closes_ ABSL_GUARDED_BY(mutex_) = 0;
};

class FakeConnector final : public Connector {
 public:
  void Connect(int shard, absl::Time deadline,
               std::function<void(absl::StatusOr<std::shared_ptr<Session>>)> done)
      override ABSL_LOCKS_EXCLUDED(mutex_);

  // Connects that have been asked for and not ended yet.
  size_t outstanding() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Every shard and deadline a connect was asked for, in order.
  struct Asked {
    int shard;
    absl::Time deadline;
  };
  std::vector<Asked> asked() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Ends the oldest outstanding connect; null or false when there is none.
  std::shared_ptr<FakeSession> Succeed() ABSL_LOCKS_EXCLUDED(mutex_);
  bool Fail(std::string_view cause) ABSL_LOCKS_EXCLUDED(mutex_);
  bool FailWith(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  // None of those outstanding will end, nor will its sessions' clean-ups.
  void Forget() ABSL_LOCKS_EXCLUDED(mutex_);

  // All sessions it has opened.
  std::vector<std::shared_ptr<FakeSession>> sessions() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Pending {
    int shard;
    std::function<void(absl::StatusOr<std::shared_ptr<Session>>)> done;
  };
  std::optional<Pending> TakeOldest() ABSL_LOCKS_EXCLUDED(mutex_);

  asio::io_context loop_;  // Only for its executor.

  mutable absl::Mutex mutex_;
  std::deque<Pending> pending_ ABSL_GUARDED_BY(mutex_);
  std::vector<Asked> asked_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<FakeSession>> sessions_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pgsluice::testing
