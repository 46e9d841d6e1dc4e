#include "pool/pg/pg_connection.h"

namespace pgsluice {

PgConnection::~PgConnection() {
  socket_.reset();  // libpq closes it.
  PQfinish(connection_);
}

asio::awaitable<bool> PgConnection::WaitReadable() {
  if (!socket_.has_value()) co_return false;
  co_return co_await socket_->WaitReadable();
}

asio::awaitable<bool> PgConnection::WaitWritable() {
  if (!socket_.has_value()) co_return false;
  co_return co_await socket_->WaitWritable();
}

void PgConnection::Interrupt() {
  if (socket_.has_value()) socket_->Interrupt();
}

void PgConnection::FollowSocket() {
  // The loop forgets the old descriptor even when libpq reused its number for a new one.
  socket_.reset();
  const int descriptor = PQsocket(connection_);
  if (descriptor >= 0) socket_.emplace(loop_, descriptor);
}

}  // namespace pgsluice
