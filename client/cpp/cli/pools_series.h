// What a live view remembers of one endpoint: a point a message, and the gateway's own
// samples before that.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

#include "pgsluice/v1/pool_stats.pb.h"

namespace pgsluice::cli {

// Which number of a sample.
enum class Quantity { kActive, kWaiting, kResponseTime };

// Absent when there was no answer; seconds for times.
std::optional<double> NumberOf(Quantity quantity, const v1::Sample& sample);

// The pool of this endpoint's own login that is not retired; null when there is none.
const v1::EndpointPoolStats* PoolInService(const v1::PoolStatsResponse& stats,
                                           std::string_view endpoint);

class PoolsSeries final {
 public:
  // `pool` is the endpoint's pool in service; null when there is none.
  void Add(const v1::EndpointMonitor& monitor, const v1::EndpointPoolStats* pool,
           absl::Time now);
  // The gateway could not be asked.
  void AddGap();

  const v1::EndpointMonitor& monitor() const { return monitor_; }
  uint32_t max_size() const { return max_size_; }
  // By an operator.
  bool is_paused() const { return is_paused_; }
  // Leases a second between the last two messages; absent when not known.
  std::optional<double> lease_rate() const { return lease_rate_; }

  // One number a message, oldest first.
  std::vector<std::optional<double>> Live(Quantity quantity) const;
  // One number a sample of the gateway's history, oldest first.
  std::vector<std::optional<double>> Past(Quantity quantity) const;

 private:
  // More than a terminal is wide.
  static constexpr size_t kMostPoints = 512;

  void Push(v1::Sample sample);
  void CountLeases(uint64_t acquired, absl::Time now);

  v1::EndpointMonitor monitor_;
  uint32_t max_size_ = 0;
  bool is_paused_ = false;
  std::deque<v1::Sample> points_;
  uint64_t acquired_ = 0;
  std::optional<absl::Time> counted_at_;
  std::optional<double> lease_rate_;
};

}  // namespace pgsluice::cli
