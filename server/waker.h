// Wakes the coroutine of a stream that tells of changes. Confined to its loop's thread;
// shared with listeners on their way from other threads, which post to it.
#pragma once

#include <utility>

#include "absl/time/time.h"
#include "asio/awaitable.hpp"

#include "pool/timer.h"

namespace pgsluice {

class Waker final {
 public:
  explicit Waker(EventLoop& loop) : timer_(loop) {}

  void Wake() {
    is_woken_ = true;
    timer_.Cancel();
  }
  // Returns after `longest`, or when woken: at once, if that was meanwhile.
  asio::awaitable<void> Wait(absl::Duration longest) {
    if (!is_woken_) co_await timer_.Wait(longest);
    is_woken_ = false;
  }

 private:
  Timer timer_;
  bool is_woken_ = false;
};

}  // namespace pgsluice
