// The pools as plain lines, for logs and pipes.
#pragma once

#include <string>

#include "absl/time/time.h"

#include "pgsluice/v1/pool_stats.pb.h"

namespace pgsluice::cli {

// A line for each endpoint, then one for each alert that fired or cleared, each with the
// time and the endpoint in front.
std::string PoolsLines(const v1::WatchPoolStatsResponse& message, absl::Time now);

// "12:03:44": local time.
std::string ClockText(absl::Time time);
std::string RoleText(v1::Role role);

}  // namespace pgsluice::cli
