// A client of a listening socket, as plain as can be.
#pragma once

#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>

#include "server/listening_sockets.h"

namespace pgsluice::testing {

inline sockaddr_in LocalAddress(int port, const std::string& host = "127.0.0.1") {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  return address;
}

inline sockaddr_in6 LocalAddress6(int port) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(static_cast<uint16_t>(port));
  address.sin6_addr = in6addr_loopback;
  return address;
}

inline sockaddr_un UnixAddress(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  return address;
}

// Not open when there is nobody.
template <class Address>
Descriptor Connect(const Address& address) {
  const auto* general = reinterpret_cast<const sockaddr*>(&address);
  Descriptor client(socket(general->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(client.get(), general, sizeof(address)) != 0) client.Close();
  return client;
}

// Waits for the other side to close it.
inline bool IsEnded(const Descriptor& client) {
  constexpr int kLimitMilliseconds = 20'000;
  pollfd watched = {.fd = client.get(), .events = POLLIN, .revents = 0};
  return poll(&watched, 1, kLimitMilliseconds) == 1;
}

}  // namespace pgsluice::testing
