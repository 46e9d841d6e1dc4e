#include "server/peer_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string>

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

sockaddr_storage AddressOf(const std::string& text) {
  sockaddr_storage storage{};
  auto& ipv4 = reinterpret_cast<sockaddr_in&>(storage);
  auto& ipv6 = reinterpret_cast<sockaddr_in6&>(storage);
  if (text.empty()) {
    storage.ss_family = AF_UNIX;
  } else if (inet_pton(AF_INET, text.c_str(), &ipv4.sin_addr) == 1) {
    storage.ss_family = AF_INET;
  } else {
    EXPECT_EQ(inet_pton(AF_INET6, text.c_str(), &ipv6.sin6_addr), 1) << text;
    storage.ss_family = AF_INET6;
  }
  return storage;
}

TEST(PeerAddressTest, NamesWhomAConnectionIsFrom) {
  struct Case {
    std::string address, name;
  };
  for (const Case& c : {
           Case{"192.0.2.1", "192.0.2.1"},
           Case{"127.0.0.1", "127.0.0.1"},
           Case{"::ffff:192.0.2.1", "192.0.2.1"},
           Case{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
           Case{"2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"},
           Case{"2001:db8:1:3::1", "2001:db8:1:3::/64"},
           Case{"::1", "::/64"},
           Case{"", ""},
       }) {
    EXPECT_EQ(PeerNameOf(AddressOf(c.address)), c.name) << c.address;
  }
}

TEST(PeerAddressTest, NamesItAsGrpcDoesWithItsPort) {
  struct Case {
    std::string address, name;
  };
  for (const Case& c : {
           Case{"192.0.2.1", "ipv4:192.0.2.1:40000"},
           Case{"::ffff:192.0.2.1", "ipv4:192.0.2.1:40000"},
           Case{"2001:db8:1:2::5", "ipv6:%5B2001:db8:1:2::5%5D:40000"},
           Case{"::1", "ipv6:%5B::1%5D:40000"},
           Case{"", ""},
       }) {
    sockaddr_storage address = AddressOf(c.address);
    // At the same place in both.
    reinterpret_cast<sockaddr_in6&>(address).sin6_port = htons(40000);
    EXPECT_EQ(GrpcPeerOf(address), c.name) << c.address;
  }
}

}  // namespace
}  // namespace pgsluice
