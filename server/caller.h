// Which calls queue behind each other for a session, and how many turns they get, as
// `pools.fair_by` and `pools.fair_weights` say. Rules file.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "pgsluice/config/v1/config.pb.h"
#include "pool/wait_queue.h"

namespace pgsluice {

struct Fairness {
  config::v1::FairBy by = config::v1::FAIR_BY_NONE;
  // By tag, address or name. Those that are not in here: 1.
  std::map<std::string, uint32_t, std::less<>> weights = {};

  bool operator==(const Fairness&) const = default;
};

Fairness FairnessOf(const config::v1::Pools& pools);

// The same id for the calls of one caller; callers take turns. `peer` is gRPC's
// "ipv4:192.0.2.1:4567": its port changes with each connection and does not count.
// `name`: as authenticated; without authentication all calls are of one caller.
struct CallMarks {
  std::string_view tag;
  std::string_view peer;
  std::string_view name;
};
Caller CallerOf(const Fairness& fairness, const CallMarks& marks);

}  // namespace pgsluice
