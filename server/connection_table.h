// Who has how many connections, and whether one more is let in. Rules file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

#include "server/throttle.h"
#include "server/waste_meter.h"

namespace pgsluice {

// 0: no limit.
struct ConnectionLimits {
  size_t max_connections = 0;
  size_t max_per_peer = 0;
  RateBound rate_per_peer = {};
  uint64_t max_process_bytes = 0;  // See MemoryGuard.
  WasteLimits waste = {};
  // How long a peer waits for a new connection after one of its own was cut as waste.
  absl::Duration pause_after_cut = absl::ZeroDuration();

  bool operator==(const ConnectionLimits&) const = default;
};

// What becomes of a connection that has come.
enum class ConnectionVerdict {
  kAccept,
  kTooMany,        // There are max_connections.
  kTooManyOfPeer,  // The peer has max_per_peer.
  kTooFastOfPeer,  // The peer opens more a second than rate_per_peer.
  kPausedPeer,     // One of the peer's was cut not long ago: pause_after_cut.
  kNoDescriptor,   // The system gives the process no more files.
};
inline constexpr size_t kConnectionVerdicts = 6;

// "max_connections": its reason in metrics and logs.
std::string_view ConnectionVerdictName(ConnectionVerdict verdict);

// An open connection, as the system knows it.
struct ConnectionId {
  int descriptor = -1;
  uint64_t inode = 0;
};

// Connections are known by their descriptor and the inode of their socket: whoever has
// them closes them without a word, and then the descriptor is not open, or another's.
class ConnectionTable final {
 public:
  explicit ConnectionTable(ConnectionLimits limits)
      : limits_(limits), rates_(limits.rate_per_peer, kMaxPeers) {}

  const ConnectionLimits& limits() const { return limits_; }
  void set_limits(const ConnectionLimits& limits);

  // Of a connection of `peer`; an empty one, of this machine's Unix socket, has no limits
  // of its own. Asked once for each that comes.
  ConnectionVerdict Judge(std::string_view peer, absl::Time now);
  // Whether Judge would count this one out while some that it counts may be gone.
  bool IsFull(std::string_view peer) const;

  void Add(int descriptor, uint64_t inode, std::string_view peer);
  // One of the peer's was cut as waste.
  void Pause(std::string_view peer, absl::Time now);
  // Forgets those that are not open.
  void Sweep(const std::function<bool(int descriptor, uint64_t inode)>& is_open);

  std::vector<ConnectionId> All() const;
  size_t size() const { return connections_.size(); }
  size_t CountOf(std::string_view peer) const;

 private:
  // Peers whose rate is told apart, and peers that are made to wait.
  static constexpr size_t kMaxPeers = 4096;

  using Counts = std::map<std::string, size_t, std::less<>>;
  struct Connection {
    uint64_t inode = 0;
    Counts::iterator peer;
  };

  void Forget(const Connection& connection);
  bool IsPaused(std::string_view peer, absl::Time now) const;

  ConnectionLimits limits_;
  Throttle rates_;
  Counts peers_;
  std::map<std::string, absl::Time, std::less<>> cut_;  // By peer, when last.
  std::map<int, Connection> connections_;               // By descriptor.
};

}  // namespace pgsluice
