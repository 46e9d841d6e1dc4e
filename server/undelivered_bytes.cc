#include "server/undelivered_bytes.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <linux/sockios.h>
#include <memory>
#include <netinet/in.h>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "absl/strings/numbers.h"

namespace pgsluice {

namespace {

constexpr std::string_view kUnixPrefix = "unix:";

bool IsAcceptedAt(int descriptor, const std::string& unix_path, int port) {
  int is_listening = 0;
  socklen_t length = sizeof(is_listening);
  if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &length) != 0)
    return false;
  if (is_listening != 0) return false;
  sockaddr_storage own{};
  length = sizeof(own);
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&own), &length) != 0)
    return false;
  switch (own.ss_family) {
    case AF_INET:
      return ntohs(reinterpret_cast<const sockaddr_in&>(own).sin_port) == port;
    case AF_INET6:
      return ntohs(reinterpret_cast<const sockaddr_in6&>(own).sin6_port) == port;
    case AF_UNIX:
      return !unix_path.empty() &&
             unix_path == reinterpret_cast<const sockaddr_un&>(own).sun_path;
    default: return false;
  }
}

size_t UndeliveredBytes(int descriptor) {
  int unsent = 0;
  int unread = 0;
  if (ioctl(descriptor, SIOCOUTQ, &unsent) != 0) unsent = 0;
  if (ioctl(descriptor, FIONREAD, &unread) != 0) unread = 0;
  return static_cast<size_t>(unsent) + static_cast<size_t>(unread);
}

}  // namespace

size_t CountUndeliveredBytes(const std::string& address, int port) {
  if (address.empty()) return 0;
  const std::string unix_path =
      address.starts_with(kUnixPrefix) ? address.substr(kUnixPrefix.size()) : "";
  const std::unique_ptr<DIR, int (*)(DIR*)> files(opendir("/proc/self/fd"), &closedir);
  if (files == nullptr) return 0;
  size_t bytes = 0;
  while (const dirent* entry = readdir(files.get())) {
    int descriptor = 0;
    if (!absl::SimpleAtoi(static_cast<const char*>(entry->d_name), &descriptor)) continue;
    if (IsAcceptedAt(descriptor, unix_path, port)) bytes += UndeliveredBytes(descriptor);
  }
  return bytes;
}

}  // namespace pgsluice
