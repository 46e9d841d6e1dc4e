#include "tests/testing/free_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <random>
#include <sys/socket.h>
#include <unistd.h>

namespace pgsluice::testing {
namespace {

constexpr int kLowest = 12000;
constexpr int kHighest = 31000;
constexpr int kTries = 200;

bool IsFree(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  const bool is_free =
      bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      listen(fd, 1) == 0;
  close(fd);
  return is_free;
}

}  // namespace

int PickFreePort() {
  // Random, because test processes run beside each other.
  static std::mt19937 random{std::random_device{}()};
  std::uniform_int_distribution<int> ports(kLowest, kHighest);
  for (int i = 0; i < kTries; ++i) {
    const int port = ports(random);
    if (IsFree(port)) return port;
  }
  return 0;
}

}  // namespace pgsluice::testing
