// What gRPC has counted of each connection's calls, by its channelz interface: it knows
// of calls that it never hands to us. Asking costs some 30 us. Confined to one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/time/time.h"

#include "server/waste_meter.h"

namespace pgsluice {

class GrpcSockets final {
 public:
  // `peer`: as gRPC names it. Nothing while it knows of no such connection: before the
  // end of its handshake, and after it is closed.
  std::optional<CallCounts> CountsOf(const std::string& peer, absl::Time now);

 private:
  std::optional<int64_t> Find(const std::string& peer, absl::Time now);
  // Those that gRPC has numbered `first` or higher.
  void ListFrom(int64_t first);
  // Forgets those that are closed.
  void ListAll(absl::Time now);

  std::map<std::string, int64_t> ids_;  // By peer; some may be closed.
  int64_t newest_ = 0;
  size_t listed_ = 0;  // How many ids_ held after the last ListAll.
  absl::Time last_list_ = absl::InfinitePast();
};

}  // namespace pgsluice
