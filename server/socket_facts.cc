#include "server/socket_facts.h"

#include <fcntl.h>
// The C library's own tcp_info lacks the bytes; both headers at once would clash.
#include <array>
#include <cstdlib>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/listening_sockets.h"

namespace pgsluice {

uint64_t InodeOf(int descriptor) {
  struct stat file{};
  return fstat(descriptor, &file) == 0 ? file.st_ino : 0;
}

Traffic TrafficOf(int descriptor) {
  tcp_info info{};
  socklen_t length = sizeof(info);
  const int error = getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &length);
  if (error != 0) return {};
  return {.received = info.tcpi_bytes_received, .acknowledged = info.tcpi_bytes_acked};
}

uint64_t BytesUnread(int descriptor) {
  int unread = 0;
  return ioctl(descriptor, FIONREAD, &unread) == 0 ? static_cast<uint64_t>(unread) : 0;
}

bool CutConnection(int descriptor, uint64_t inode) {
  // One of our own, which nobody closes, and so nobody gets anew, in between.
  const Descriptor own(fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
  if (!own.is_open() || InodeOf(own.get()) != inode) return false;
  sockaddr nowhere{};
  nowhere.sa_family = AF_UNSPEC;
  return connect(own.get(), &nowhere, sizeof(nowhere)) == 0;
}

uint64_t ResidentBytes() {
  const Descriptor file(open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  std::array<char, 128> text{};
  if (read(file.get(), text.data(), text.size() - 1) <= 0) return 0;
  char* second = nullptr;
  std::strtoull(text.data(), &second, 10);
  return std::strtoull(second, nullptr, 10) * static_cast<uint64_t>(getpagesize());
}

}  // namespace pgsluice
