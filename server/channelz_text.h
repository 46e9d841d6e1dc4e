// What gRPC tells of its servers and their connections: the JSON of its channelz
// interface, whose numbers are texts. What cannot be read is not there. Rules file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/waste_meter.h"

namespace pgsluice {

// Their ids, of grpc_channelz_get_servers.
std::vector<int64_t> ServersIn(std::string_view json);

// One connection of a server.
struct SocketEntry {
  int64_t id = 0;
  std::string peer;  // "ipv4:192.0.2.1:40000", as in ServerContext::peer.

  bool operator==(const SocketEntry&) const = default;
};
// A page of grpc_channelz_get_server_sockets.
struct SocketPage {
  std::vector<SocketEntry> sockets;
  bool is_last = true;
};
SocketPage SocketsIn(std::string_view json);

// Of grpc_channelz_get_socket; nothing if there is no such connection any more.
std::optional<CallCounts> CallCountsIn(std::string_view json);

}  // namespace pgsluice
