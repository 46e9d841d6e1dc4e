// The work of one shard's thread: tasks posted to it, timers, and sockets. It never
// blocks: whoever owns the thread runs what is ready, and sleeps elsewhere when nothing
// is (a shard sleeps in its gRPC completion queue), so that one thread serves gRPC and
// PostgreSQL alike.
//
// An execution context of Asio: coroutines run on its executor.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <sys/epoll.h>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "asio/any_io_executor.hpp"
#include "asio/execution.hpp"
#include "asio/execution_context.hpp"

namespace pgsluice {

class SocketWatch;
class Timer;

// Post and executors: from any thread. Everything else: the thread that runs it.
class EventLoop final : public asio::execution_context {
 public:
  using Task = absl::AnyInvocable<void()>;
  using TimePoint = std::chrono::steady_clock::time_point;

  // Asio's executor requirements; hence the names.
  class Executor {
   public:
    Executor(EventLoop& loop, bool may_run_inline)
        : loop_(&loop), may_run_inline_(may_run_inline) {}

    EventLoop& loop() const { return *loop_; }

    asio::execution_context& query(asio::execution::context_t) const noexcept {
      return *loop_;
    }
    asio::execution::blocking_t query(asio::execution::blocking_t) const noexcept {
      if (may_run_inline_) return asio::execution::blocking.possibly;
      return asio::execution::blocking.never;
    }
    Executor require(asio::execution::blocking_t::possibly_t) const noexcept {
      return {*loop_, true};
    }
    Executor require(asio::execution::blocking_t::never_t) const noexcept {
      return {*loop_, false};
    }
    template <class Function>
    void execute(Function&& function) const {
      if (may_run_inline_ && loop_->IsCurrent()) {
        std::decay_t<Function> own(std::forward<Function>(function));
        own();
        return;
      }
      loop_->Post(std::forward<Function>(function));
    }
    friend bool operator==(const Executor& a, const Executor& b) noexcept {
      return a.loop_ == b.loop_;
    }
    friend bool operator!=(const Executor& a, const Executor& b) noexcept {
      return a.loop_ != b.loop_;
    }

   private:
    EventLoop* loop_;
    bool may_run_inline_;
  };

  EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  // Destroys what has not run.
  ~EventLoop();

  Executor executor() { return {*this, true}; }
  // The loop behind an executor, which must be one of a loop.
  static EventLoop& Of(const asio::any_io_executor& executor);
  // Whether the calling thread runs the loop behind an executor.
  static bool IsCurrent(const asio::any_io_executor& executor);

  void Post(Task task) ABSL_LOCKS_EXCLUDED(mutex_);

  // Runs what is ready now, and returns how much that was.
  size_t RunReady() ABSL_LOCKS_EXCLUDED(mutex_);
  // Counts the calls of RunReady: a clock that costs nothing, for "just now".
  uint64_t turn() const { return turn_; }

  // --- For who sleeps elsewhere.

  // How to end the sleep; called from any thread, at most once a sleep. Before the first.
  void SetWaker(std::function<void()> wake) { wake_ = std::move(wake); }
  // From here on a task posted ends the sleep. False: there is work, do not sleep.
  bool FallAsleep() ABSL_LOCKS_EXCLUDED(mutex_);
  void WakeUp() ABSL_LOCKS_EXCLUDED(mutex_);
  // When the next timer is due.
  std::optional<TimePoint> next_due() const;
  // Readable when a socket is ready.
  int descriptor() const { return epoll_; }

 private:
  friend class SocketWatch;
  friend class Timer;

  bool IsCurrent() const;
  size_t RunTasks() ABSL_LOCKS_EXCLUDED(mutex_);
  size_t RunTimers();
  size_t RunSockets();

  // Registers, changes (0: ends) what a socket is watched for; returns what holds now.
  uint32_t Watch(int descriptor, SocketWatch& watch, uint32_t before, uint32_t events);
  // A socket that was watched has been closed, and so has left by itself.
  void NoteClosed() { --watched_; }
  // Forgets events that have been read but not handled.
  void ForgetEvents(const SocketWatch& watch);

  const int epoll_;
  std::function<void()> wake_;

  // The thread's own.
  uint64_t turn_ = 0;
  std::vector<Task> tasks_;
  std::vector<Task> running_;
  std::set<std::pair<TimePoint, Timer*>> timers_;
  std::array<epoll_event, 64> events_{};
  size_t next_event_ = 0;
  size_t event_count_ = 0;
  size_t watched_ = 0;

  std::atomic<bool> has_incoming_{false};
  absl::Mutex mutex_;
  std::vector<Task> incoming_ ABSL_GUARDED_BY(mutex_);  // From other threads.
  bool is_asleep_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace pgsluice
