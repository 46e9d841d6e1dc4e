// A timer of one event loop: calls back, or resumes a coroutine, when its time has come.
// Confined to its loop's thread.
#pragma once

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "asio/awaitable.hpp"

#include "pool/event_loop.h"

namespace pgsluice {

// Has one wait at a time: setting it anew cancels the wait before.
class Timer final {
 public:
  explicit Timer(EventLoop& loop) : loop_(loop) {}
  explicit Timer(const asio::any_io_executor& executor)
      : Timer(EventLoop::Of(executor)) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { Cancel(); }

  // Calls `on_expiry` after `delay`; never when cancelled before.
  void Set(absl::Duration delay, EventLoop::Task on_expiry);
  // True when `delay` is over, false when cancelled.
  asio::awaitable<bool> Wait(absl::Duration delay);
  // Nobody called back, or resumed, inside of it.
  void Cancel();

 private:
  friend class EventLoop;
  using Handler = absl::AnyInvocable<void(bool is_over)>;

  void Start(absl::Duration delay, Handler handler, bool wants_cancel);
  Handler Stop();
  void Expire();
  // The loop goes.
  void Drop();

  EventLoop& loop_;
  EventLoop::TimePoint due_;
  Handler handler_;            // Set while it runs.
  bool wants_cancel_ = false;  // The handler is called when cancelled, too.
};

}  // namespace pgsluice
