#include "tests/testing/tcp_gate.h"

#include <arpa/inet.h>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/time/clock.h"

#include "tests/testing/free_port.h"

namespace pgsluice::testing {
namespace {

constexpr int kPollMilliseconds = 20;
constexpr size_t kPieceBytes = 16 * 1024;

sockaddr_in AddressOf(const std::string& host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

bool IsReadable(int fd) {
  pollfd poll_fd{fd, POLLIN, 0};
  return poll(&poll_fd, 1, kPollMilliseconds) > 0;
}

// Closing then sends RST instead of FIN.
void CloseByReset(int fd) {
  const linger at_once{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  shutdown(fd, SHUT_RD);
}

}  // namespace

TcpGate::TcpGate(int target_port, std::string host, int port)
    : target_port_(target_port),
      host_(std::move(host)),
      port_(port != 0 ? port : PickFreePort()) {
  acceptor_ = std::thread([this] { Accept(); });
}

TcpGate::~TcpGate() {
  is_closing_ = true;
  acceptor_.join();
  CutAll();
  absl::MutexLock lock(&mutex_);
  for (Link& link : links_) {
    link.to_target.join();
    link.to_client.join();
  }
}

void TcpGate::SetMode(Mode mode) { mode_ = mode; }

void TcpGate::SetDelay(absl::Duration delay) {
  delay_us_ = absl::ToInt64Microseconds(delay);
}

void TcpGate::SetThrottle(int64_t bytes_per_second) {
  bytes_per_second_ = bytes_per_second;
}

void TcpGate::CutAfter(int64_t bytes) { bytes_until_cut_ = bytes; }

void TcpGate::CutAll() {
  absl::MutexLock lock(&mutex_);
  for (Link& link : links_) link.is_cut = true;
}

bool TcpGate::HasHandedOnAnswers() {
  absl::MutexLock lock(&mutex_);
  for (const Link& link : links_) {
    int unread = 0;
    if (link.is_cut || link.running_pumps < 2) continue;
    if (ioctl(link.target, FIONREAD, &unread) != 0 || unread > 0) return false;
    if (link.is_answering) return false;
  }
  return true;
}

int TcpGate::Listen() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = AddressOf(host_, port_);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(fd, 128) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

void TcpGate::Accept() {
  int listener = -1;
  while (!is_closing_) {
    if (mode_ == Mode::kRefuse) {
      if (listener >= 0) close(listener);
      listener = -1;
      absl::SleepFor(absl::Milliseconds(kPollMilliseconds));
      continue;
    }
    if (listener < 0) listener = Listen();
    if (listener < 0 || !IsReadable(listener)) continue;
    const int client = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (client >= 0) Open(client);
  }
  if (listener >= 0) close(listener);
}

void TcpGate::Open(int client) {
  const int target = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = AddressOf("127.0.0.1", target_port_);
  if (connect(target, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    CloseByReset(client);
    close(client);
    close(target);
    return;
  }
  const int on = 1;
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(target, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ++open_links_;
  absl::MutexLock lock(&mutex_);
  JoinFinishedLocked();
  Link& link = links_.emplace_back();
  link.client = client;
  link.target = target;
  link.to_target = std::thread([this, &link] { Pump(link, Direction::kToTarget); });
  link.to_client = std::thread([this, &link] { Pump(link, Direction::kToClient); });
}

void TcpGate::JoinFinishedLocked() {
  for (auto link = links_.begin(); link != links_.end();) {
    if (link->running_pumps > 0) {
      ++link;
      continue;
    }
    link->to_target.join();
    link->to_client.join();
    link = links_.erase(link);
  }
}

void TcpGate::Pump(Link& link, Direction direction) {
  const int from = direction == Direction::kToTarget ? link.client : link.target;
  char piece[kPieceBytes];
  while (!link.is_cut) {
    if (mode_ == Mode::kBlackHole) {
      absl::SleepFor(absl::Milliseconds(kPollMilliseconds));
      continue;
    }
    if (!IsReadable(from)) continue;
    if (mode_ == Mode::kBlackHole) continue;
    if (direction == Direction::kToClient) link.is_answering = true;
    const ssize_t size = recv(from, piece, sizeof piece, MSG_DONTWAIT);
    const bool is_nothing = size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    const bool is_over =
        !is_nothing &&
        (size <= 0 || !Forward(link, direction, piece, static_cast<size_t>(size)));
    if (direction == Direction::kToClient) link.is_answering = false;
    if (is_over) break;
  }
  Cut(link);
}

bool TcpGate::Forward(Link& link, Direction direction, const char* data, size_t size) {
  if (direction == Direction::kToTarget && !link.is_asking.exchange(true)) ++round_trips_;
  absl::SleepFor(absl::Microseconds(delay_us_.load()));
  // What the client sends from here on, it may have sent because of this answer.
  if (direction == Direction::kToClient) link.is_asking = false;
  if (direction == Direction::kToClient) {
    const int64_t left = bytes_until_cut_.fetch_sub(static_cast<int64_t>(size));
    if (left <= static_cast<int64_t>(size)) {
      bytes_until_cut_ = INT64_MAX;
      if (left > 0) send(link.client, data, static_cast<size_t>(left), MSG_NOSIGNAL);
      CutAll();
      return false;
    }
    const int64_t rate = bytes_per_second_;
    if (rate > 0) absl::SleepFor(absl::Seconds(static_cast<double>(size) / rate));
  }
  const int to = direction == Direction::kToTarget ? link.target : link.client;
  while (size > 0 && !link.is_cut) {
    const ssize_t sent = send(to, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) return false;
    if (sent < 0) {
      pollfd poll_fd{to, POLLOUT, 0};
      poll(&poll_fd, 1, kPollMilliseconds);
      continue;
    }
    data += sent;
    size -= static_cast<size_t>(sent);
  }
  return true;
}

// The last of a link's two pumps closes it, so that no one uses a closed descriptor.
void TcpGate::Cut(Link& link) {
  link.is_cut = true;
  const int client = link.client;
  const int target = link.target;
  if (link.running_pumps.fetch_sub(1) > 1) return;
  CloseByReset(client);
  CloseByReset(target);
  close(client);
  close(target);
  --open_links_;
}

}  // namespace pgsluice::testing
