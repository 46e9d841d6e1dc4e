#include "pool/socket_watch.h"

#include <utility>

#include "asio/async_result.hpp"
#include "asio/use_awaitable.hpp"

namespace pgsluice {

SocketWatch::~SocketWatch() {
  loop_.ForgetEvents(*this);
  loop_.Watch(descriptor_, *this, watched_for_, 0);
  Interrupt();
}

void SocketWatch::NoteClosed() {
  if (watched_for_ == 0) return;
  watched_for_ = 0;
  loop_.NoteClosed();
}

asio::awaitable<bool> SocketWatch::WaitReadable() { return Wait(EPOLLIN); }

asio::awaitable<bool> SocketWatch::WaitWritable() { return Wait(EPOLLOUT); }

asio::awaitable<bool> SocketWatch::WaitEither() { return Wait(EPOLLIN | EPOLLOUT); }

// Not a coroutine of its own: one frame less for each wait.
asio::awaitable<bool> SocketWatch::Wait(uint32_t events) {
  return asio::async_initiate<const asio::use_awaitable_t<>&, void(bool)>(
      [this, events](auto handler) {
        handler_ = [handler = std::move(handler)](bool is_ready) mutable {
          std::move(handler)(is_ready);
        };
        watched_for_ = loop_.Watch(descriptor_, *this, watched_for_, events);
        if (watched_for_ != events) Interrupt();
      },
      asio::use_awaitable);
}

void SocketWatch::Interrupt() {
  if (!handler_) return;
  loop_.Post([handler = std::exchange(handler_, nullptr)]() mutable { handler(false); });
}

void SocketWatch::OnReady() {
  if (!handler_) {
    // The end of an idle session, or a reader that takes a pause.
    watched_for_ = loop_.Watch(descriptor_, *this, watched_for_, 0);
    return;
  }
  std::exchange(handler_, nullptr)(true);  // May destroy *this.
}

}  // namespace pgsluice
