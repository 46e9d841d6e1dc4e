#include "server/grpc_sockets.h"

#include <algorithm>
#include <grpc/grpc.h>
#include <grpc/support/alloc.h>
#include <string_view>

#include "server/channelz_text.h"

namespace pgsluice {

namespace {

// Between two looks at all of them.
constexpr absl::Duration kBetweenLists = absl::Seconds(1);
// What may be closed unnoticed.
constexpr size_t kMostClosed = 1000;

// Takes what gRPC has allocated; null is nothing.
std::string Take(char* text) {
  if (text == nullptr) return "";
  std::string copy(text);
  gpr_free(text);
  return copy;
}

}  // namespace

std::optional<CallCounts> GrpcSockets::CountsOf(const std::string& peer, absl::Time now) {
  const std::optional<int64_t> id = Find(peer, now);
  if (!id.has_value()) return std::nullopt;
  std::optional<CallCounts> counts =
      CallCountsIn(Take(grpc_channelz_get_socket(static_cast<intptr_t>(*id))));
  // Closed, and perhaps another's by now: the next look will tell.
  if (!counts.has_value()) ids_.erase(peer);
  return counts;
}

std::optional<int64_t> GrpcSockets::Find(const std::string& peer, absl::Time now) {
  auto found = ids_.find(peer);
  if (found == ids_.end()) {
    ListFrom(newest_ + 1);
    const bool is_large = ids_.size() > 2 * listed_ + kMostClosed;
    // gRPC may list one later than another with a higher number.
    const bool is_missing = !ids_.contains(peer) && now - last_list_ >= kBetweenLists;
    if (is_large || is_missing) ListAll(now);
    found = ids_.find(peer);
  }
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

void GrpcSockets::ListFrom(int64_t first) {
  for (const int64_t server : ServersIn(Take(grpc_channelz_get_servers(0)))) {
    int64_t next = first;
    while (true) {
      const SocketPage page = SocketsIn(Take(grpc_channelz_get_server_sockets(
          static_cast<intptr_t>(server), static_cast<intptr_t>(next), 0)));
      for (const SocketEntry& socket : page.sockets) {
        ids_[socket.peer] = socket.id;
        newest_ = std::max(newest_, socket.id);
        next = std::max(next, socket.id + 1);
      }
      if (page.is_last) break;
    }
  }
}

void GrpcSockets::ListAll(absl::Time now) {
  ids_.clear();
  ListFrom(1);
  listed_ = ids_.size();
  last_list_ = now;
}

}  // namespace pgsluice
