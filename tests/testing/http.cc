#include "tests/testing/http.h"

#include <arpa/inet.h>
#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace pgsluice::testing {
namespace {

constexpr size_t kPieceBytes = 4096;

// Closes itself.
struct Socket {
  Socket() : fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (fd >= 0) close(fd);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  const int fd;
};

absl::Status Connect(const Socket& socket, int port, absl::Duration limit) {
  const timeval timeout = absl::ToTimeval(limit);
  setsockopt(socket.fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  setsockopt(socket.fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  if (connect(socket.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
      0) {
    return absl::OkStatus();
  }
  return absl::ErrnoToStatus(errno, absl::StrCat("connect to port ", port));
}

// "HTTP/1.0 200 OK\r\n...\r\n\r\nbody"; with HTTP/1.0 the end of it all ends the body.
absl::StatusOr<HttpAnswer> Parse(std::string_view text) {
  const size_t space = text.find(' ');
  const size_t end_of_head = text.find("\r\n\r\n");
  HttpAnswer answer;
  if (space == std::string_view::npos || end_of_head == std::string_view::npos ||
      !absl::SimpleAtoi(std::string(text.substr(space + 1, 3)), &answer.code)) {
    return absl::UnavailableError(
        absl::StrCat("no HTTP answer, but: ", text.size(), " bytes"));
  }
  answer.body = std::string(text.substr(end_of_head + 4));
  return answer;
}

}  // namespace

absl::StatusOr<HttpAnswer> CallHttp(int port, std::string_view method,
                                    std::string_view path, std::string_view body,
                                    absl::Duration limit) {
  const Socket socket;
  if (absl::Status status = Connect(socket, port, limit); !status.ok()) return status;
  const std::string request = absl::StrCat(
      std::string(method), " ", std::string(path),
      " HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: ", body.size(),
      "\r\n\r\n", std::string(body));
  if (send(socket.fd, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return absl::ErrnoToStatus(errno, absl::StrCat("send to port ", port));
  }
  std::string text;
  char piece[kPieceBytes];
  ssize_t size = 0;
  while ((size = recv(socket.fd, piece, sizeof piece, 0)) > 0) {
    text.append(piece, static_cast<size_t>(size));
  }
  if (size < 0)
    return absl::ErrnoToStatus(errno, absl::StrCat("no answer of port ", port));
  return Parse(text);
}

}  // namespace pgsluice::testing
