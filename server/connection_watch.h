// Looks at what comes over connections and what becomes of it, and tells which of them
// are waste. Looks are rationed: with thousands of connections each gets fewer. Confined
// to the acceptor's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "server/waste_meter.h"

namespace pgsluice {

// By the peer's name as gRPC has it; nothing: nobody knows.
using CallCountsOf =
    std::function<std::optional<CallCounts>(const std::string& peer, absl::Time now)>;

class ConnectionWatch final {
 public:
  ConnectionWatch(uint64_t max_request_bytes, CallCountsOf counts_of)
      : max_request_bytes_(max_request_bytes), counts_of_(std::move(counts_of)) {}

  void Add(int descriptor, uint64_t inode, std::string peer, absl::Time now);
  // Those that are closed count until the next look at them.
  bool is_empty() const { return connections_.empty(); }

  struct Waste {
    int descriptor = -1;
    uint64_t inode = 0;
    CutReason reason = CutReason::kAbandonedCalls;
    ConnectionFacts facts;
  };
  // Those to be cut, of which it tells once.
  std::vector<Waste> Look(const WasteLimits& limits, absl::Time now);

 private:
  struct Connection {
    uint64_t inode = 0;
    std::string peer;
    WasteMeter meter;
    uint64_t received = 0;  // When it was judged last.
  };

  // Nothing if too little has come since the last time.
  std::optional<ConnectionFacts> FactsOf(int descriptor, Connection& connection,
                                         absl::Time now);

  const uint64_t max_request_bytes_;
  const CallCountsOf counts_of_;
  std::map<int, Connection> connections_;  // By descriptor.
  int next_ = 0;                           // Where the next look begins.
};

}  // namespace pgsluice
