#include "client/cpp/cli/pools_series.h"

#include <utility>

#include "client/cpp/cli/query_report.h"

namespace pgsluice::cli {
namespace {

// Alerts bring messages in between: too short a time to count leases in.
constexpr absl::Duration kShortestCount = absl::Milliseconds(200);

}  // namespace

std::optional<double> NumberOf(Quantity quantity, const v1::Sample& sample) {
  if (!sample.has_time()) return std::nullopt;
  switch (quantity) {
    case Quantity::kActive: return sample.active();
    case Quantity::kWaiting: return sample.waiting();
    case Quantity::kResponseTime:
      if (!sample.has_response_time()) return std::nullopt;
      return absl::ToDoubleSeconds(ToDuration(sample.response_time()));
  }
  return std::nullopt;
}

const v1::EndpointPoolStats* PoolInService(const v1::PoolStatsResponse& stats,
                                           std::string_view endpoint) {
  for (const v1::EndpointPoolStats& pool : stats.pools()) {
    const bool is_own = pool.login().empty();
    if (pool.endpoint() == endpoint && is_own && !pool.retired()) return &pool;
  }
  return nullptr;
}

void PoolsSeries::Add(const v1::EndpointMonitor& monitor,
                      const v1::EndpointPoolStats* pool, absl::Time now) {
  monitor_ = monitor;
  Push(monitor.now());
  is_paused_ = pool != nullptr && pool->paused();
  if (pool == nullptr) {
    counted_at_.reset();
    lease_rate_.reset();
    return;
  }
  max_size_ = pool->max_size();
  CountLeases(pool->counters().acquired(), now);
}

void PoolsSeries::AddGap() {
  Push({});
  const v1::Role role = monitor_.now().role();
  monitor_.clear_now();
  monitor_.mutable_now()->set_role(role);
  monitor_.mutable_now()->set_error("the gateway is gone");
  monitor_.clear_alerts();
  is_paused_ = false;
  counted_at_.reset();
  lease_rate_.reset();
}

void PoolsSeries::Push(v1::Sample sample) {
  if (points_.size() == kMostPoints) points_.pop_front();
  points_.push_back(std::move(sample));
}

void PoolsSeries::CountLeases(uint64_t acquired, absl::Time now) {
  if (counted_at_.has_value() && now - *counted_at_ < kShortestCount) return;
  lease_rate_.reset();
  // A new pool counts from zero.
  if (counted_at_.has_value() && acquired >= acquired_) {
    lease_rate_ = static_cast<double>(acquired - acquired_) /
                  absl::ToDoubleSeconds(now - *counted_at_);
  }
  acquired_ = acquired;
  counted_at_ = now;
}

std::vector<std::optional<double>> PoolsSeries::Live(Quantity quantity) const {
  std::vector<std::optional<double>> numbers;
  for (const v1::Sample& point : points_) numbers.push_back(NumberOf(quantity, point));
  return numbers;
}

std::vector<std::optional<double>> PoolsSeries::Past(Quantity quantity) const {
  std::vector<std::optional<double>> numbers;
  for (const v1::Sample& sample : monitor_.samples()) {
    numbers.push_back(NumberOf(quantity, sample));
  }
  return numbers;
}

}  // namespace pgsluice::cli
