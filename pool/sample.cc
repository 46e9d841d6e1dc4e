#include "pool/sample.h"

#include <algorithm>

namespace pgsluice {

namespace {

std::string ErrorOf(const EndpointView& view) {
  if (!view.last.has_value()) return "no answer yet";
  if (!view.last->ok) return view.last->error.empty() ? "no answer" : view.last->error;
  // The answer is good, but old: the probe after it hangs.
  return view.is_reachable ? "" : "no answer in time";
}

}  // namespace

Sample TakeSample(const EndpointView& view, const PoolStats* pool, absl::Time now) {
  Sample sample{.at = now, .role = view.role, .error = ErrorOf(view)};
  if (sample.is_valid()) {
    sample.response_time = view.last->latency;
    sample.lag = view.role == Role::kPrimary ? absl::ZeroDuration() : view.lag.time;
  }
  if (pool == nullptr) return sample;
  sample.total = pool->open;
  sample.active = pool->leased;
  sample.idle = pool->idle;
  sample.waiting = pool->waiters;
  sample.max_size = pool->max_size;
  sample.oldest_wait = pool->oldest_wait.value_or(absl::ZeroDuration());
  return sample;
}

std::vector<EndpointSample> TakeSamples(const Topology& topology,
                                        const std::vector<PoolStats>& pools,
                                        absl::Time now) {
  std::vector<EndpointSample> samples;
  samples.reserve(topology.endpoints.size());
  for (const EndpointView& view : topology.endpoints) {
    const auto pool =
        std::find_if(pools.begin(), pools.end(), [&view](const PoolStats& stats) {
          return stats.endpoint == view.name && stats.login.empty() && !stats.is_retired;
        });
    samples.push_back(
        {view.name, TakeSample(view, pool == pools.end() ? nullptr : &*pool, now)});
  }
  return samples;
}

}  // namespace pgsluice
