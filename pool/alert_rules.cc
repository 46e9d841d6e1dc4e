#include "pool/alert_rules.h"

#include <algorithm>
#include <optional>

namespace pgsluice {

namespace {

constexpr double kGoodShare = 0.8;
// A single lost probe must not alarm anyone while the history is young.
constexpr size_t kFewestFailures = 2;

AlertLevel LevelBelow(const AlertValue& seen) {
  if (seen.value > seen.threshold) return AlertLevel::kBad;
  return seen.value <= kGoodShare * seen.threshold ? AlertLevel::kGood
                                                   : AlertLevel::kBetween;
}

AlertLevel IdleLevel(size_t min_idle, const Sample& now) {
  // Small pools cannot have more idle sessions than sessions.
  const size_t bad_below = std::min(min_idle, now.max_size);
  const size_t good_from = std::min(min_idle + 1, now.max_size);
  const bool has_room = now.total < now.max_size;
  if (has_room || now.idle >= good_from) return AlertLevel::kGood;
  return now.idle < bad_below ? AlertLevel::kBad : AlertLevel::kBetween;
}

double SecondsOf(const std::optional<absl::Duration>& duration) {
  return absl::ToDoubleSeconds(duration.value_or(absl::ZeroDuration()));
}

double ThresholdOf(AlertKind kind, const AlertOptions& options) {
  switch (kind) {
    case AlertKind::kWaiters: return static_cast<double>(options.max_waiters);
    case AlertKind::kIdle: return static_cast<double>(options.min_idle);
    case AlertKind::kResponseTime: return SecondsOf(options.max_response_time);
    case AlertKind::kErrorRate: return options.max_error_rate;
    case AlertKind::kOldestWait: return SecondsOf(options.max_oldest_wait);
    case AlertKind::kLag: return SecondsOf(options.max_lag);
  }
  return 0;
}

double NumberOf(AlertKind kind, const AlertReading& reading) {
  switch (kind) {
    case AlertKind::kWaiters: return static_cast<double>(reading.now.waiting);
    case AlertKind::kIdle: return static_cast<double>(reading.now.idle);
    case AlertKind::kResponseTime: return SecondsOf(reading.now.response_time);
    case AlertKind::kErrorRate: return reading.error_rate;
    case AlertKind::kOldestWait: return SecondsOf(reading.now.oldest_wait);
    case AlertKind::kLag: return SecondsOf(reading.now.lag);
  }
  return 0;
}

}  // namespace

std::string_view AlertKindName(AlertKind kind) {
  switch (kind) {
    case AlertKind::kWaiters: return "waiters";
    case AlertKind::kIdle: return "idle";
    case AlertKind::kResponseTime: return "response_time";
    case AlertKind::kErrorRate: return "error_rate";
    case AlertKind::kOldestWait: return "oldest_wait";
    case AlertKind::kLag: return "lag";
  }
  return "unknown";
}

bool IsWatched(AlertKind kind, const AlertOptions& options) {
  return ThresholdOf(kind, options) > 0;
}

AlertLevel LevelOf(AlertKind kind, const AlertOptions& options,
                   const AlertReading& reading) {
  const AlertLevel below = LevelBelow(ValueOf(kind, options, reading));
  switch (kind) {
    case AlertKind::kWaiters:
    case AlertKind::kOldestWait: return below;
    case AlertKind::kIdle: return IdleLevel(options.min_idle, reading.now);
    case AlertKind::kResponseTime:
      return reading.now.response_time.has_value() ? below : AlertLevel::kUnknown;
    case AlertKind::kLag:
      return reading.now.lag.has_value() ? below : AlertLevel::kUnknown;
    case AlertKind::kErrorRate:
      return below == AlertLevel::kBad && reading.failures < kFewestFailures
                 ? AlertLevel::kBetween
                 : below;
  }
  return AlertLevel::kUnknown;
}

AlertValue ValueOf(AlertKind kind, const AlertOptions& options,
                   const AlertReading& reading) {
  return {.value = NumberOf(kind, reading), .threshold = ThresholdOf(kind, options)};
}

}  // namespace pgsluice
