// Which calls queue behind each other for a session, as `pools.fair_by` says.
#pragma once

#include <cstdint>
#include <string_view>

#include "pgsluice/config/v1/config.pb.h"

namespace pgsluice {

// The same number for the calls of one caller; callers take turns. `peer` is gRPC's
// "ipv4:192.0.2.1:4567": its port changes with each connection and does not count.
uint64_t CallerOf(config::v1::FairBy fair_by, std::string_view tag,
                  std::string_view peer);

}  // namespace pgsluice
