// Waits for a socket that somebody else owns, libpq's, on an event loop. Confined to its
// loop's thread.
#pragma once

#include <cstdint>

#include "absl/functional/any_invocable.h"
#include "asio/awaitable.hpp"

#include "pool/event_loop.h"

namespace pgsluice {

// Has one wait at a time. The socket stays registered between waits, so that a wait costs
// no system call; input that nobody waits for ends the registration until the next wait.
class SocketWatch final {
 public:
  SocketWatch(EventLoop& loop, int descriptor) : loop_(loop), descriptor_(descriptor) {}
  SocketWatch(const SocketWatch&) = delete;
  SocketWatch& operator=(const SocketWatch&) = delete;
  // Before the socket is closed, or after NoteClosed. A wait under way ends interrupted.
  ~SocketWatch();

  int descriptor() const { return descriptor_; }
  // Somebody has closed the socket: its number means another one from now on.
  void NoteClosed();

  // False when interrupted, or when the socket cannot be watched.
  asio::awaitable<bool> WaitReadable();
  asio::awaitable<bool> WaitWritable();
  asio::awaitable<bool> WaitEither();
  // Ends the wait under way, if any.
  void Interrupt();

 private:
  friend class EventLoop;
  using Handler = absl::AnyInvocable<void(bool is_ready)>;

  asio::awaitable<bool> Wait(uint32_t events);
  void OnReady();

  EventLoop& loop_;
  const int descriptor_;
  uint32_t watched_for_ = 0;  // Events registered; 0: not registered.
  Handler handler_;           // Set while somebody waits.
};

}  // namespace pgsluice
