// A PGconn on an Asio loop: waiting for its socket, and closing both in order.
// Confined to its shard.
#pragma once

#include <memory>
#include <utility>

#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "asio/posix/stream_descriptor.hpp"
#include <libpq-fe.h>

namespace pgsluice {

class PgConnection final {
 public:
  // Takes ownership of `connection`, which must not be null.
  PgConnection(PGconn* connection, const asio::any_io_executor& executor)
      : connection_(connection), socket_(executor) {}
  PgConnection(const PgConnection&) = delete;
  PgConnection& operator=(const PgConnection&) = delete;
  ~PgConnection();

  PGconn* get() const { return connection_; }

  // False when the wait was interrupted.
  asio::awaitable<bool> WaitReadable();
  asio::awaitable<bool> WaitWritable();
  // Ends the wait under way, if any.
  void Interrupt();
  // libpq may change its socket while connecting: call after each PQconnectPoll.
  void FollowSocket();

 private:
  asio::awaitable<bool> Wait(asio::posix::stream_descriptor::wait_type type);

  PGconn* connection_;
  // Lends libpq's socket to the loop; libpq closes it.
  asio::posix::stream_descriptor socket_;
};

}  // namespace pgsluice
