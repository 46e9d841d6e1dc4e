#include "server/peer_address.h"

#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <netinet/in.h>

#include "absl/strings/str_cat.h"

namespace pgsluice {

namespace {

constexpr size_t kMappedPrefixBytes = 12;  // Of ::ffff:0:0/96.
constexpr size_t kNetworkBytes = 8;        // Of a /64.

std::string TextOf(int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const char* written =
      inet_ntop(family, address, text.data(), static_cast<socklen_t>(text.size()));
  return written == nullptr ? "" : written;
}

std::string NameOfIpv6(in6_addr address) {
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    return TextOf(AF_INET, address.s6_addr + kMappedPrefixBytes);
  }
  std::memset(address.s6_addr + kNetworkBytes, 0,
              sizeof(address.s6_addr) - kNetworkBytes);
  return TextOf(AF_INET6, &address) + "/64";
}

}  // namespace

std::string PeerNameOf(const sockaddr_storage& address) {
  switch (address.ss_family) {
    case AF_INET:
      return TextOf(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr);
    case AF_INET6:
      return NameOfIpv6(reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
    default: return "";
  }
}

std::string GrpcPeerOf(const sockaddr_storage& address) {
  switch (address.ss_family) {
    case AF_INET: {
      const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
      return absl::StrCat("ipv4:", TextOf(AF_INET, &v4.sin_addr), ":",
                          ntohs(v4.sin_port));
    }
    case AF_INET6: {
      const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
      const int port = ntohs(v6.sin6_port);
      if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
        return absl::StrCat("ipv4:", NameOfIpv6(v6.sin6_addr), ":", port);
      }
      return absl::StrCat("ipv6:%5B", TextOf(AF_INET6, &v6.sin6_addr), "%5D:", port);
    }
    default: return "";
  }
}

}  // namespace pgsluice
