#include "pool/pg/pg_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace pgsluice {

namespace {

asio::awaitable<bool> NotReady() { co_return false; }

}  // namespace

PgConnection::~PgConnection() {
  DropClosedSocket();
  socket_.reset();  // libpq closes it.
  PQfinish(connection_);
}

void PgConnection::DropClosedSocket() {
  if (!socket_.has_value() || PQsocket(connection_) == socket_->descriptor()) return;
  socket_->NoteClosed();
  socket_.reset();
}

asio::awaitable<bool> PgConnection::WaitReadable() {
  DropClosedSocket();
  return socket_.has_value() ? socket_->WaitReadable() : NotReady();
}

asio::awaitable<bool> PgConnection::WaitWritable() {
  DropClosedSocket();
  return socket_.has_value() ? socket_->WaitWritable() : NotReady();
}

asio::awaitable<bool> PgConnection::WaitEither() {
  DropClosedSocket();
  return socket_.has_value() ? socket_->WaitEither() : NotReady();
}

void PgConnection::Interrupt() {
  if (socket_.has_value()) socket_->Interrupt();
}

void PgConnection::FollowSocket() {
  // The loop forgets the old descriptor even when libpq reused its number for a new one.
  DropClosedSocket();
  socket_.reset();
  const int descriptor = PQsocket(connection_);
  if (descriptor >= 0) socket_.emplace(loop_, descriptor);
}

void PgConnection::AskOften() const {
  const int descriptor = PQsocket(connection_);
  if (descriptor < 0) return;
  constexpr int kSeconds = 1;
  constexpr int kCount = 3;
  // They fail on Unix sockets, which cannot be half-open.
  setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPCNT, &kCount, sizeof(kCount));
  setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, &kSeconds, sizeof(kSeconds));
  // Last: it has the timer begin anew, from the last sign of the server.
  setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, &kSeconds, sizeof(kSeconds));
}

}  // namespace pgsluice
