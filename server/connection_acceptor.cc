#include "server/connection_acceptor.h"

#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "absl/time/clock.h"

#include "server/log.h"
#include "server/peer_address.h"

namespace pgsluice {

namespace {

// Each look asks the system about every connection, and a full table is asked for often.
constexpr absl::Duration kBetweenSweeps = absl::Milliseconds(20);
// When the system has no descriptor, or no memory, for a connection.
constexpr int kPauseMilliseconds = 20;

Descriptor OpenSpare() { return Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC)); }

bool IsStillOpen(int descriptor, uint64_t inode) {
  struct stat file{};
  return fstat(descriptor, &file) == 0 && file.st_ino == inode;
}

uint64_t InodeOf(const Descriptor& connection) {
  struct stat file{};
  return fstat(connection.get(), &file) == 0 ? file.st_ino : 0;
}

// At once, and without a trace in the system's tables.
void Reset(const Descriptor& connection) {
  const linger none = {.l_onoff = 1, .l_linger = 0};
  setsockopt(connection.get(), SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

}  // namespace

ConnectionAcceptor::ConnectionAcceptor(std::string name, ListeningSockets sockets,
                                       const ConnectionLimits& limits, HandOver hand_over)
    : name_(std::move(name)),
      port_(sockets.port()),
      hand_over_(std::move(hand_over)),
      stop_event_(eventfd(0, EFD_CLOEXEC)),
      sockets_(std::move(sockets)),
      spare_(OpenSpare()),
      table_(limits) {
  thread_ = std::thread([this] { Run(); });
}

void ConnectionAcceptor::Reconfigure(const ConnectionLimits& limits) {
  absl::MutexLock lock(&mutex_);
  table_.set_limits(limits);
}

void ConnectionAcceptor::Stop() {
  if (!thread_.joinable()) return;
  eventfd_write(stop_event_.get(), 1);
  thread_.join();
  sockets_.Close();
}

ConnectionTotals ConnectionAcceptor::totals() {
  ConnectionTotals totals;
  for (size_t i = 0; i < verdicts_.size(); ++i) {
    totals.verdicts[i] = verdicts_[i].load(std::memory_order_relaxed);
  }
  absl::MutexLock lock(&mutex_);
  table_.Sweep(IsStillOpen);
  totals.open = table_.size();
  return totals;
}

void ConnectionAcceptor::Run() {
  std::vector<pollfd> watched = {
      {.fd = stop_event_.get(), .events = POLLIN, .revents = 0}};
  for (const Descriptor& socket : sockets_.sockets()) {
    watched.push_back({.fd = socket.get(), .events = POLLIN, .revents = 0});
  }
  while (true) {
    if (poll(watched.data(), watched.size(), -1) < 0) continue;  // A signal.
    if (watched.front().revents != 0) return;
    for (size_t i = 1; i < watched.size(); ++i) {
      if (watched[i].revents != 0) AcceptFrom(watched[i].fd);
    }
  }
}

void ConnectionAcceptor::AcceptFrom(int socket) {
  sockaddr_storage address{};
  socklen_t length = sizeof(address);
  Descriptor connection(accept4(socket, reinterpret_cast<sockaddr*>(&address), &length,
                                SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (connection.is_open()) {
    Admit(std::move(connection), PeerNameOf(address));
    return;
  }
  switch (errno) {
    case EMFILE:
    case ENFILE: return RefuseWithSpare(socket);
    case ENOBUFS:
    case ENOMEM: poll(nullptr, 0, kPauseMilliseconds); return;
    default: return;  // Gone before it was taken; or another that poll will tell of.
  }
}

void ConnectionAcceptor::Admit(Descriptor connection, const std::string& peer) {
  const ConnectionVerdict verdict = Judge(connection, peer);
  if (verdict != ConnectionVerdict::kAccept) {
    return Refuse(std::move(connection), peer, verdict);
  }
  Count(verdict);
  hand_over_(connection.Release());
}

ConnectionVerdict ConnectionAcceptor::Judge(const Descriptor& connection,
                                            const std::string& peer) {
  const absl::Time now = absl::Now();
  absl::MutexLock lock(&mutex_);
  if (table_.IsFull(peer) && absl::AbsDuration(now - last_sweep_) >= kBetweenSweeps) {
    last_sweep_ = now;
    table_.Sweep(IsStillOpen);
  }
  const ConnectionVerdict verdict = table_.Judge(peer, now);
  if (verdict == ConnectionVerdict::kAccept) {
    table_.Add(connection.get(), InodeOf(connection), peer);
  }
  return verdict;
}

void ConnectionAcceptor::Refuse(Descriptor connection, const std::string& peer,
                                ConnectionVerdict verdict) {
  Count(verdict);
  Reset(connection);
  connection.Close();
  Log(LogLevel::kWarning, "connection refused",
      {{"port", name_}, {"peer", peer}, {"why", ConnectionVerdictName(verdict)}});
}

void ConnectionAcceptor::RefuseWithSpare(int socket) {
  spare_.Close();
  Descriptor connection(accept4(socket, nullptr, nullptr, SOCK_CLOEXEC));
  if (connection.is_open()) {
    Refuse(std::move(connection), "", ConnectionVerdict::kNoDescriptor);
  } else {
    poll(nullptr, 0, kPauseMilliseconds);
  }
  spare_ = OpenSpare();
}

}  // namespace pgsluice
