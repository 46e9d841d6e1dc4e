#include "server/connection_acceptor.h"

#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "absl/time/clock.h"

#include "server/log.h"
#include "server/peer_address.h"
#include "server/socket_facts.h"

namespace pgsluice {

namespace {

// Each look asks the system about every connection, and a full table is asked for often.
constexpr absl::Duration kBetweenSweeps = absl::Milliseconds(20);
// Between two looks at memory and for waste.
constexpr int kLookMilliseconds = MemoryGuard::kIntervalMilliseconds;
// With no connection that could do harm: until one comes.
constexpr int kForever = -1;
// When the system has no descriptor, or no memory, for a connection.
constexpr int kPauseMilliseconds = 20;

Descriptor OpenSpare() { return Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC)); }

bool IsStillOpen(int descriptor, uint64_t inode) { return InodeOf(descriptor) == inode; }

// At once, and without a trace in the system's tables.
void Reset(const Descriptor& connection) {
  const linger none = {.l_onoff = 1, .l_linger = 0};
  setsockopt(connection.get(), SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

// Of one that is open, as limits name it.
std::string PeerOf(int descriptor) {
  sockaddr_storage address{};
  socklen_t length = sizeof(address);
  getpeername(descriptor, reinterpret_cast<sockaddr*>(&address), &length);
  return PeerNameOf(address);
}

}  // namespace

ConnectionAcceptor::ConnectionAcceptor(std::string name, ListeningSockets sockets,
                                       const ConnectionLimits& limits,
                                       ConnectionWatch watch, HandOver hand_over)
    : name_(std::move(name)),
      port_(sockets.port()),
      hand_over_(std::move(hand_over)),
      stop_event_(eventfd(0, EFD_CLOEXEC)),
      sockets_(std::move(sockets)),
      watch_(std::move(watch)),
      spare_(OpenSpare()),
      table_(limits),
      guard_(limits.max_process_bytes) {
  thread_ = std::thread([this] { Run(); });
}

void ConnectionAcceptor::Reconfigure(const ConnectionLimits& limits) {
  absl::MutexLock lock(&mutex_);
  table_.set_limits(limits);
  guard_.set_max_bytes(limits.max_process_bytes);
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
  for (size_t i = 0; i < cuts_.size(); ++i) {
    totals.cuts[i] = cuts_[i].load(std::memory_order_relaxed);
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
    if (poll(watched.data(), watched.size(), SleepMilliseconds()) < 0) continue;
    if (watched.front().revents != 0) return;
    LookAround();
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
    Admit(std::move(connection), address);
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

void ConnectionAcceptor::Admit(Descriptor connection, const sockaddr_storage& address) {
  const std::string peer = PeerNameOf(address);
  const ConnectionVerdict verdict = Judge(connection, peer);
  if (verdict != ConnectionVerdict::kAccept) {
    return Refuse(std::move(connection), peer, verdict);
  }
  Count(verdict);
  watch_.Add(connection.get(), InodeOf(connection.get()), GrpcPeerOf(address),
             absl::Now());
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
    table_.Add(connection.get(), InodeOf(connection.get()), peer);
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

int ConnectionAcceptor::SleepMilliseconds() const {
  return watch_.is_empty() ? kForever : kLookMilliseconds;
}

// Connections that come must not make it look more often.
void ConnectionAcceptor::LookAround() {
  const absl::Time now = absl::Now();
  if (absl::AbsDuration(now - last_look_) < absl::Milliseconds(kLookMilliseconds)) return;
  last_look_ = now;
  LookForWaste(now);
  LookAtMemory();
}

void ConnectionAcceptor::LookForWaste(absl::Time now) {
  const WasteLimits limits = [&] {
    absl::MutexLock lock(&mutex_);
    return table_.limits().waste;
  }();
  for (const ConnectionWatch::Waste& waste : watch_.Look(limits, now)) {
    CutWaste(waste, now);
  }
}

void ConnectionAcceptor::CutWaste(const ConnectionWatch::Waste& waste, absl::Time now) {
  const std::string peer = PeerOf(waste.descriptor);
  if (!CutConnection(waste.descriptor, waste.inode)) return;
  CountCut(waste.reason);
  {
    absl::MutexLock lock(&mutex_);
    table_.Pause(peer, now);
  }
  Log(LogLevel::kWarning, "connection cut: it only costs",
      {{"port", name_},
       {"peer", peer},
       {"why", CutReasonName(waste.reason)},
       {"received_bytes", waste.facts.read_bytes},
       {"calls", waste.facts.calls.begun},
       {"answered", waste.facts.calls.answered},
       {"messages", waste.facts.calls.received}});
}

void ConnectionAcceptor::LookAtMemory() {
  switch (NextStep()) {
    case MemoryGuard::Step::kRest: return;
    case MemoryGuard::Step::kSample: sample_ = SampleReceived(); return;
    case MemoryGuard::Step::kCut: return CutLoudest();
  }
}

MemoryGuard::Step ConnectionAcceptor::NextStep() {
  const uint64_t resident_bytes = ResidentBytes();
  absl::MutexLock lock(&mutex_);
  return guard_.Next(resident_bytes);
}

ReceivedByDescriptor ConnectionAcceptor::SampleReceived() {
  std::vector<ConnectionId> connections;
  {
    absl::MutexLock lock(&mutex_);
    connections = table_.All();
  }
  ReceivedByDescriptor sample;
  for (const ConnectionId& one : connections) {
    if (!IsStillOpen(one.descriptor, one.inode)) continue;
    sample[one.descriptor] = {one.inode, TrafficOf(one.descriptor).received,
                              BytesUnread(one.descriptor)};
  }
  return sample;
}

void ConnectionAcceptor::CutLoudest() {
  const ReceivedByDescriptor before = std::exchange(sample_, {});
  const ReceivedByDescriptor after = SampleReceived();
  const std::optional<int> loudest = LoudestOf(before, after);
  if (!loudest.has_value()) return;
  const std::string peer = PeerOf(*loudest);
  const Received& received = after.at(*loudest);
  if (!CutConnection(*loudest, received.inode)) return;
  CountCut(CutReason::kMemory);
  Log(LogLevel::kWarning, "memory is short: the connection that sends most is cut",
      {{"port", name_},
       {"peer", peer},
       {"received_bytes", received.bytes},
       {"resident_bytes", ResidentBytes()}});
}

}  // namespace pgsluice
