#include "pool/pg/orphan.h"

#include <array>
#include <cerrno>
#include <sys/socket.h>
#include <utility>

#include "asio/co_spawn.hpp"
#include "asio/detached.hpp"

namespace pgsluice {

namespace {

// Takes what has come. False: the other side has closed.
bool Discard(int descriptor) {
  std::array<char, 16 * 1024> ignored;
  while (true) {
    const ssize_t got =
        recv(descriptor, ignored.data(), ignored.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (got > 0) continue;
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
  }
}

asio::awaitable<void> Follow(std::unique_ptr<PgConnection> connection,
                             std::shared_ptr<CancelTally> tally) {
  const int descriptor = PQsocket(connection->get());
  if (descriptor >= 0) {
    // Half closed: the backend sees that nobody waits for it, and we see when it goes.
    shutdown(descriptor, SHUT_WR);
    while (Discard(descriptor)) {
      const bool is_ready = co_await connection->WaitReadable();
      if (!is_ready) break;
    }
  }
  connection.reset();
  tally->NoteGone();
}

}  // namespace

void FollowOrphan(const asio::any_io_executor& executor,
                  std::unique_ptr<PgConnection> connection,
                  std::shared_ptr<CancelTally> tally) {
  asio::co_spawn(executor, Follow(std::move(connection), std::move(tally)),
                 asio::detached);
}

}  // namespace pgsluice
