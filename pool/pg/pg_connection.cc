#include "pool/pg/pg_connection.h"

#include "asio/redirect_error.hpp"
#include "asio/use_awaitable.hpp"

namespace pgsluice {

PgConnection::~PgConnection() {
  if (socket_.is_open()) socket_.release();
  PQfinish(connection_);
}

asio::awaitable<bool> PgConnection::WaitReadable() {
  return Wait(asio::posix::stream_descriptor::wait_read);
}

asio::awaitable<bool> PgConnection::WaitWritable() {
  return Wait(asio::posix::stream_descriptor::wait_write);
}

asio::awaitable<bool> PgConnection::Wait(asio::posix::stream_descriptor::wait_type type) {
  if (!socket_.is_open()) co_return false;
  asio::error_code error;
  co_await socket_.async_wait(type, asio::redirect_error(asio::use_awaitable, error));
  co_return !error;
}

void PgConnection::Interrupt() {
  asio::error_code ignored;
  if (socket_.is_open()) socket_.cancel(ignored);
}

void PgConnection::FollowSocket() {
  // The loop forgets the old descriptor even when libpq reused its number for a new one.
  if (socket_.is_open()) socket_.release();
  const int fd = PQsocket(connection_);
  asio::error_code ignored;
  if (fd >= 0) socket_.assign(fd, ignored);
}

}  // namespace pgsluice
