#include "pool/wait_prediction.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace pgsluice {

namespace {

// The part of each new lease in the average: some twenty count.
constexpr double kFade = 0.05;

}  // namespace

void HoldAverage::Add(absl::Duration hold) {
  average_ = average_.has_value() ? *average_ + (hold - *average_) * kFade : hold;
}

std::optional<absl::Duration> PredictWait(size_t ahead, size_t sessions,
                                          std::optional<absl::Duration> hold) {
  if (!hold.has_value() || sessions == 0) return std::nullopt;
  return *hold * (static_cast<double>(ahead + 1) / static_cast<double>(sessions));
}

bool HasTriedEnough(size_t failures, absl::Duration waited, size_t open,
                    const PoolOptions& options) {
  if (options.connect_retry_limit == 0 || open > 0) return false;
  return failures >= options.connect_retry_limit &&
         waited >= options.connect_retry_delay *
                       static_cast<double>(options.connect_retry_limit - 1);
}

size_t RoomToHold(const PoolOptions& options) {
  const double room = static_cast<double>(options.max_size) * options.transaction_share;
  return std::clamp<size_t>(static_cast<size_t>(std::ceil(room)), 1,
                            std::max<size_t>(options.max_size, 1));
}

PoolsOptions ShareOf(PoolsOptions options) {
  const size_t gateways = std::max<size_t>(std::exchange(options.fleet_size, 1), 1);
  const auto share = [gateways](PoolOptions& primary, PoolOptions& replica) {
    for (PoolOptions* pool : {&primary, &replica}) {
      pool->max_size = std::max<size_t>(pool->max_size / gateways, 1);
      pool->min_size = std::min(pool->min_size, pool->max_size);
    }
  };
  share(options.primary, options.replica);
  for (LoginPools& pools : options.logins) share(pools.primary, pools.replica);
  if (options.max_sessions_total > 0) {
    options.max_sessions_total =
        std::max<size_t>(options.max_sessions_total / gateways, 1);
  }
  return options;
}

}  // namespace pgsluice
