// A PGconn on an event loop: waiting for its socket, and closing both in order.
// Confined to its shard.
#pragma once

#include <memory>
#include <optional>

#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include <libpq-fe.h>

#include "pool/event_loop.h"
#include "pool/socket_watch.h"

namespace pgsluice {

class PgConnection final {
 public:
  // Takes ownership of `connection`, which must not be null.
  PgConnection(PGconn* connection, const asio::any_io_executor& executor)
      : connection_(connection), loop_(EventLoop::Of(executor)) {}
  PgConnection(const PgConnection&) = delete;
  PgConnection& operator=(const PgConnection&) = delete;
  ~PgConnection();

  PGconn* get() const { return connection_; }
  EventLoop& loop() const { return loop_; }

  // False when the wait was interrupted.
  asio::awaitable<bool> WaitReadable();
  asio::awaitable<bool> WaitWritable();
  asio::awaitable<bool> WaitEither();
  // Ends the wait under way, if any.
  void Interrupt();
  // libpq may change its socket while connecting: call after each PQconnectPoll.
  void FollowSocket();
  // libpq closes its socket by itself when it finds the server gone: call when it may
  // have, before its number can be another socket's.
  void DropClosedSocket();
  // Keepalives every second from now on; for how long they may stay unanswered is what
  // it was (tcp_user_timeout).
  void AskOften() const;

 private:
  PGconn* connection_;
  EventLoop& loop_;
  std::optional<SocketWatch> socket_;
};

}  // namespace pgsluice
