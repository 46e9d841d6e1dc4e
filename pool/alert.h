// Alerts: what is watched, the thresholds, and what is told of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace pgsluice {

// What an alert watches, of one endpoint.
enum class AlertKind {
  kWaiters,       // Calls that wait for a session.
  kIdle,          // Idle sessions of a pool that cannot grow.
  kResponseTime,  // Of a probe.
  kErrorRate,     // Of the samples in the history.
  kOldestWait,    // Of the call that has waited longest.
  kLag,           // Of a replica.
};
inline constexpr std::array kAlertKinds = {
    AlertKind::kWaiters,   AlertKind::kIdle,       AlertKind::kResponseTime,
    AlertKind::kErrorRate, AlertKind::kOldestWait, AlertKind::kLag};

// "waiters", "response_time": of settings and logs.
std::string_view AlertKindName(AlertKind kind);

// Thresholds; zero: no such alert.
struct AlertOptions {
  size_t max_waiters = 5;
  size_t min_idle = 1;
  absl::Duration max_response_time = absl::Milliseconds(500);
  double max_error_rate = 0.1;
  absl::Duration max_oldest_wait = absl::Seconds(1);
  absl::Duration max_lag = absl::Seconds(30);
  // How long a condition holds before its alert fires, and is over before it clears.
  absl::Duration hold = absl::Seconds(5);

  bool operator==(const AlertOptions&) const = default;
};

// What is watched as a number: sessions, calls, seconds, or a share of samples.
struct AlertValue {
  double value = 0;
  double threshold = 0;
};

enum class AlertState {
  kQuiet,     // The condition does not hold.
  kPending,   // It holds, but not for long enough yet.
  kFiring,    // It has held for long enough.
  kClearing,  // Still firing: the condition is over, but not for long enough yet.
};

// One alert of one endpoint, at one moment.
struct Alert {
  AlertKind kind = AlertKind::kWaiters;
  AlertState state = AlertState::kQuiet;
  AlertValue value = {};
  // When it fired; when pending, since when the condition holds; when quiet, when it
  // cleared last. Absent: it never fired.
  std::optional<absl::Time> since = {};
  uint64_t times_fired = 0;
};

enum class AlertChange { kFired, kCleared };

struct AlertTransition {
  uint64_t sequence = 0;  // Rises by one with each transition of any endpoint.
  std::string endpoint = {};
  AlertKind kind = AlertKind::kWaiters;
  AlertChange change = AlertChange::kFired;
  AlertValue value = {};
  absl::Time at = absl::InfinitePast();
  absl::Duration fired_for =
      absl::ZeroDuration();  // Of one that cleared: how long it had been firing.
};

}  // namespace pgsluice
