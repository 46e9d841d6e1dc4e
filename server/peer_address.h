// Whom a connection is from, for limits. Rules file.
#pragma once

#include <string>
#include <sys/socket.h>

namespace pgsluice {

// "192.0.2.1", "2001:db8:0:1::/64", or nothing for a Unix socket. Of IPv6 the network
// counts: whoever has one address of it usually has them all. An IPv4 address that comes
// by an IPv6 socket is the IPv4 address.
std::string PeerNameOf(const sockaddr_storage& address);

// As gRPC names it, with its port: "ipv4:192.0.2.1:40000",
// "ipv6:%5B2001:db8::1%5D:40000"; nothing for a Unix socket.
std::string GrpcPeerOf(const sockaddr_storage& address);

}  // namespace pgsluice
