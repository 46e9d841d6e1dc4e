#include "pool/pg/pg_connection.h"

namespace pgsluice {

namespace {

asio::awaitable<bool> NotReady() { co_return false; }

}  // namespace

PgConnection::~PgConnection() {
  socket_.reset();  // libpq closes it.
  PQfinish(connection_);
}

asio::awaitable<bool> PgConnection::WaitReadable() {
  return socket_.has_value() ? socket_->WaitReadable() : NotReady();
}

asio::awaitable<bool> PgConnection::WaitWritable() {
  return socket_.has_value() ? socket_->WaitWritable() : NotReady();
}

asio::awaitable<bool> PgConnection::WaitEither() {
  return socket_.has_value() ? socket_->WaitEither() : NotReady();
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
