#include "server/listening_sockets.h"

#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "pool/str_cat.h"

namespace pgsluice {

namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr int kFlags = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
// Of connections that wait to be accepted; the system has a limit of its own.
constexpr int kBacklog = 4096;
// A port that was free for the first of several addresses may not be for the others.
constexpr int kPortTries = 10;

// gRPC has taken both for all addresses of both families; so do we.
bool IsWildcard(const std::string& host) { return host == "0.0.0.0" || host == "::"; }

// Of a system without IPv6, say: another address of the name may do.
bool IsNotForThisMachine(int error) {
  return error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
}

absl::Status Refusal(int error) {
  if (error == EADDRINUSE) {
    return absl::AlreadyExistsError("the port is taken by another process");
  }
  return absl::UnavailableError(std::strerror(error));
}

void SetOption(int descriptor, int level, int name, int value) {
  setsockopt(descriptor, level, name, &value, sizeof(value));
}

// What gRPC does with its own. Connections inherit it.
void Prepare(int descriptor, int family, absl::Duration user_timeout) {
  // Connections of an earlier gateway may still be closing.
  SetOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
  SetOption(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  SetOption(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT,
            static_cast<int>(absl::ToInt64Milliseconds(user_timeout)));
  if (family == AF_INET6) SetOption(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 0);
}

void SetPort(sockaddr* address, int port) {
  const auto number = htons(static_cast<uint16_t>(port));
  if (address->sa_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(address)->sin6_port = number;
  } else {
    reinterpret_cast<sockaddr_in*>(address)->sin_port = number;
  }
}

int PortOf(int descriptor) {
  sockaddr_storage own{};
  socklen_t length = sizeof(own);
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&own), &length) != 0) return 0;
  return ntohs(own.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6&>(own).sin6_port
                   : reinterpret_cast<const sockaddr_in&>(own).sin_port);
}

// 0, or the error.
int BindAndListen(const Descriptor& socket, const sockaddr* address, socklen_t length) {
  if (bind(socket.get(), address, length) != 0) return errno;
  return listen(socket.get(), kBacklog) == 0 ? 0 : errno;
}

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

absl::StatusOr<Addresses> LookUp(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (error != 0) return absl::InvalidArgumentError(gai_strerror(error));
  return Addresses(found, &freeaddrinfo);
}

// At all of them, on one port. The first error that is not about what this machine lacks.
absl::Status ListenAtAll(const addrinfo* addresses, absl::Duration user_timeout,
                         std::vector<Descriptor>& sockets) {
  int port = 0;
  int last_error = EADDRNOTAVAIL;
  for (const addrinfo* one = addresses; one != nullptr; one = one->ai_next) {
    Descriptor socket(::socket(one->ai_family, kFlags, 0));
    if (!socket.is_open()) {
      last_error = errno;
      continue;
    }
    Prepare(socket.get(), one->ai_family, user_timeout);
    if (port != 0) SetPort(one->ai_addr, port);
    if (const int error = BindAndListen(socket, one->ai_addr, one->ai_addrlen);
        error != 0) {
      if (!IsNotForThisMachine(error)) return Refusal(error);
      last_error = error;
      continue;
    }
    port = PortOf(socket.get());
    sockets.push_back(std::move(socket));
  }
  return sockets.empty() ? Refusal(last_error) : absl::OkStatus();
}

// Whether a process listens there.
bool IsServed(const sockaddr_un& address) {
  const Descriptor probe(::socket(AF_UNIX, kFlags, 0));
  if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&address),
              sizeof(address)) == 0) {
    return true;
  }
  return errno == EAGAIN || errno == EINPROGRESS;
}

}  // namespace

void Descriptor::Close() {
  if (is_open()) close(Release());
}

absl::StatusOr<ListeningSockets> ListeningSockets::Open(const std::string& address,
                                                        absl::Duration user_timeout) {
  ListeningSockets result;
  absl::Status status;
  if (address.starts_with(kUnixPrefix)) {
    // As a URI it may have slashes for the host that it has not.
    const std::string path = address.substr(kUnixPrefix.size());
    status = result.OpenUnix(path.starts_with("//") ? path.substr(2) : path);
  } else {
    const size_t colon = address.rfind(':');
    std::string host = address.substr(0, colon);
    if (host.size() > 1 && host.front() == '[') host = host.substr(1, host.size() - 2);
    status = result.OpenTcp(host, address.substr(colon + 1), user_timeout);
  }
  if (status.ok()) return result;
  return absl::Status(status.code(), StrCat("cannot listen on ", address, ": ",
                                            std::string(status.message())));
}

absl::Status ListeningSockets::OpenTcp(const std::string& host, const std::string& port,
                                       absl::Duration user_timeout) {
  auto addresses = LookUp(IsWildcard(host) ? "::" : host, port);
  if (!addresses.ok()) return addresses.status();
  absl::Status status = ListenAtAll(addresses->get(), user_timeout, sockets_);
  if (!status.ok() && IsWildcard(host) && !absl::IsAlreadyExists(status)) {
    // Without IPv6.
    addresses = LookUp("0.0.0.0", port);
    if (!addresses.ok()) return addresses.status();
    status = ListenAtAll(addresses->get(), user_timeout, sockets_);
  }
  for (int i = 0; i < kPortTries && absl::IsAlreadyExists(status) && port == "0"; ++i) {
    sockets_.clear();
    addresses = LookUp(host, port);
    if (!addresses.ok()) return addresses.status();
    status = ListenAtAll(addresses->get(), user_timeout, sockets_);
  }
  if (status.ok()) port_ = PortOf(sockets_.front().get());
  return status;
}

absl::Status ListeningSockets::OpenUnix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError("a path is too long for a socket, or empty");
  }
  path.copy(address.sun_path, path.size());
  struct stat file{};
  if (stat(path.c_str(), &file) == 0 && S_ISSOCK(file.st_mode)) {
    if (IsServed(address)) return Refusal(EADDRINUSE);
    unlink(path.c_str());  // Of a gateway that has died.
  }
  Descriptor socket(::socket(AF_UNIX, kFlags, 0));
  if (!socket.is_open()) return Refusal(errno);
  if (const int error = BindAndListen(socket, reinterpret_cast<const sockaddr*>(&address),
                                      sizeof(address));
      error != 0) {
    return Refusal(error);
  }
  if (stat(path.c_str(), &file) == 0) unix_inode_ = file.st_ino;
  unix_path_ = path;
  port_ = 1;
  sockets_.push_back(std::move(socket));
  return absl::OkStatus();
}

void ListeningSockets::Close() {
  sockets_.clear();
  if (unix_path_.empty()) return;
  struct stat file{};
  if (stat(unix_path_.c_str(), &file) == 0 && file.st_ino == unix_inode_) {
    unlink(unix_path_.c_str());
  }
  unix_path_.clear();
}

}  // namespace pgsluice
