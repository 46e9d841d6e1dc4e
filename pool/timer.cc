#include "pool/timer.h"

#include <algorithm>
#include <utility>

#include "asio/async_result.hpp"
#include "asio/use_awaitable.hpp"

namespace pgsluice {

namespace {

// As good as for ever, and no overflow of the clock.
constexpr absl::Duration kLongest = absl::Hours(24 * 365);

}  // namespace

void Timer::Set(absl::Duration delay, EventLoop::Task on_expiry) {
  Start(
      delay, [task = std::move(on_expiry)](bool) mutable { task(); },
      /*wants_cancel=*/false);
}

asio::awaitable<bool> Timer::Wait(absl::Duration delay) {
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(bool)>(
      [this, delay](auto handler) {
        Start(
            delay,
            [handler = std::move(handler)](bool is_over) mutable {
              std::move(handler)(is_over);
            },
            /*wants_cancel=*/true);
      },
      asio::use_awaitable);
}

void Timer::Start(absl::Duration delay, Handler handler, bool wants_cancel) {
  Cancel();
  due_ = std::chrono::steady_clock::now() +
         absl::ToChronoNanoseconds(std::clamp(delay, absl::ZeroDuration(), kLongest));
  handler_ = std::move(handler);
  wants_cancel_ = wants_cancel;
  loop_.timers_.emplace(due_, this);
}

Timer::Handler Timer::Stop() {
  loop_.timers_.erase({due_, this});
  return std::exchange(handler_, nullptr);
}

void Timer::Cancel() {
  if (!handler_) return;
  const bool wants_cancel = wants_cancel_;
  EventLoop& loop = loop_;
  Handler handler = Stop();
  if (wants_cancel) {
    loop.Post([handler = std::move(handler)]() mutable { handler(false); });
  }
  // Else it goes with what it holds, which may be the owner of this timer.
}

void Timer::Expire() {
  Handler handler = Stop();
  handler(true);
}

void Timer::Drop() { Stop(); }

}  // namespace pgsluice
