#include "tests/testing/namespace_relay.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

namespace pgsluice::testing {
namespace {

constexpr int kPollMilliseconds = 20;
constexpr int kBacklog = 128;
constexpr size_t kPieceBytes = 16 * 1024;

// The far end of a link that was down finds out soon after it is back.
void FindOutSoon(int fd) {
  const int on = 1;
  const int seconds = 1;
  const int patience = 100;
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof seconds);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &patience, sizeof patience);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

absl::StatusOr<int> Listen(const std::string& host, int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      listen(fd, kBacklog) == 0) {
    return fd;
  }
  const absl::Status failure = absl::ErrnoToStatus(errno, "listen on " + host);
  close(fd);
  return failure;
}

}  // namespace

absl::StatusOr<std::unique_ptr<NamespaceRelay>> NamespaceRelay::Start(
    const NetworkNamespace& network, int port, std::string socket_path) {
  absl::StatusOr<int> listener;
  // A thread of its own, because one never leaves a namespace again.
  std::thread([&] {
    const absl::Status entered = network.Enter();
    listener = entered.ok() ? Listen(network.address(), port) : entered;
  }).join();
  if (!listener.ok()) return listener.status();
  return std::unique_ptr<NamespaceRelay>(
      new NamespaceRelay(*listener, std::move(socket_path)));
}

NamespaceRelay::NamespaceRelay(int listener, std::string socket_path)
    : listener_(listener), socket_path_(std::move(socket_path)) {
  thread_ = std::thread([this] { Run(); });
}

NamespaceRelay::~NamespaceRelay() {
  is_closing_ = true;
  thread_.join();
  for (const auto& [fd, other] : other_end_) close(fd);
  close(listener_);
}

void NamespaceRelay::Run() {
  while (!is_closing_) {
    std::vector<pollfd> fds = {{listener_, POLLIN, 0}};
    for (const auto& [fd, other] : other_end_) fds.push_back({fd, POLLIN, 0});
    poll(fds.data(), fds.size(), kPollMilliseconds);
    for (const pollfd& fd : fds) {
      if (fd.revents == 0) continue;
      if (fd.fd == listener_) {
        Accept();
      } else if (other_end_.contains(fd.fd)) {  // Not cut in this round.
        Forward(fd.fd);
      }
    }
  }
}

// What is accepted belongs to the listener's namespace; a Unix socket to none.
void NamespaceRelay::Accept() {
  const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  FindOutSoon(client);
  const int target = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket_path_.c_str(), sizeof address.sun_path - 1);
  if (connect(target, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(client);
    close(target);
    return;
  }
  other_end_[client] = target;
  other_end_[target] = client;
}

void NamespaceRelay::Forward(int from) {
  char piece[kPieceBytes];
  const ssize_t size = recv(from, piece, sizeof piece, MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
  // It is small, and fits into the socket's buffer even if the link is down.
  if (size <= 0 || send(other_end_[from], piece, static_cast<size_t>(size),
                        MSG_NOSIGNAL | MSG_DONTWAIT) != size) {
    Cut(from);
  }
}

void NamespaceRelay::Cut(int fd) {
  const int other = other_end_[fd];
  other_end_.erase(fd);
  other_end_.erase(other);
  close(fd);
  close(other);
}

}  // namespace pgsluice::testing
