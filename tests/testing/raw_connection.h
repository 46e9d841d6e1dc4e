// A TCP connection to the gateway that speaks HTTP/2 only as far as a test says.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace pgsluice::testing {

class RawConnection final {
 public:
  // `from`: an address of this machine, to be told apart by.
  explicit RawConnection(int port, const std::string& from = "127.0.0.1")
      : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in own = Address(from, 0);
    const sockaddr_in other = Address("127.0.0.1", port);
    is_open_ =
        bind(socket_, reinterpret_cast<const sockaddr*>(&own), sizeof(own)) == 0 &&
        connect(socket_, reinterpret_cast<const sockaddr*>(&other), sizeof(other)) == 0;
  }
  RawConnection(RawConnection&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), is_open_(other.is_open_) {}
  RawConnection& operator=(RawConnection&&) = delete;
  ~RawConnection() {
    if (socket_ >= 0) close(socket_);
  }

  bool Send(std::string_view bytes) {
    return is_open_ && send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                           static_cast<ssize_t>(bytes.size());
  }
  // Whether the server answers the beginning of HTTP/2.
  bool IsServed() {
    // The preface, and empty settings.
    constexpr std::string_view kBeginning(
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33);
    return Send(kBeginning) && Receive() > 0;
  }
  // Whether the server closes it; what it says before does not count.
  bool IsClosed() {
    if (!is_open_) return true;
    ssize_t received = 0;
    while ((received = Receive()) > 0) {
    }
    return received != kTimedOut;
  }

 private:
  static constexpr ssize_t kTimedOut = -2;
  static constexpr int kLimitMilliseconds = 20'000;

  static sockaddr_in Address(const std::string& host, int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    inet_pton(AF_INET, host.c_str(), &address.sin_addr);
    return address;
  }
  ssize_t Receive() {
    pollfd watched = {.fd = socket_, .events = POLLIN, .revents = 0};
    if (poll(&watched, 1, kLimitMilliseconds) != 1) return kTimedOut;
    char bytes[4096];
    return recv(socket_, bytes, sizeof(bytes), 0);
  }

  int socket_;
  bool is_open_;
};

}  // namespace pgsluice::testing
