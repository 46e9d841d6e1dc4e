#include "client/cpp/cli/alert_text.h"

#include <cmath>

#include "client/cpp/cli/query_report.h"

namespace pgsluice::cli {
namespace {

std::string NumberText(v1::AlertKind kind, double number) {
  switch (kind) {
    case v1::ALERT_KIND_RESPONSE_TIME:
    case v1::ALERT_KIND_OLDEST_WAIT:
    case v1::ALERT_KIND_LAG: return DurationText(absl::Seconds(number));
    case v1::ALERT_KIND_ERROR_RATE:
      return std::to_string(std::lround(number * 100)) + "%";
    default: return std::to_string(std::llround(number));
  }
}

}  // namespace

std::string AlertName(v1::AlertKind kind) {
  switch (kind) {
    case v1::ALERT_KIND_WAITERS: return "waiters";
    case v1::ALERT_KIND_IDLE: return "idle";
    case v1::ALERT_KIND_RESPONSE_TIME: return "response time";
    case v1::ALERT_KIND_ERROR_RATE: return "error rate";
    case v1::ALERT_KIND_OLDEST_WAIT: return "oldest wait";
    case v1::ALERT_KIND_LAG: return "lag";
    default: return "alert " + std::to_string(static_cast<int>(kind));
  }
}

std::string AlertText(v1::AlertKind kind, double value, double threshold) {
  const bool is_idle = kind == v1::ALERT_KIND_IDLE;
  const bool is_bad = is_idle ? value < threshold : value > threshold;
  const std::string text = AlertName(kind) + " " + NumberText(kind, value);
  const std::string bound = NumberText(kind, threshold);
  if (is_bad) return text + (is_idle ? " < " : " > ") + bound;
  return text + (is_idle ? " (at least " : " (at most ") + bound + ")";
}

bool IsFiring(const v1::Alert& alert) {
  return alert.state() == v1::ALERT_STATE_FIRING ||
         alert.state() == v1::ALERT_STATE_CLEARING;
}

std::string TransitionText(const v1::AlertTransition& transition) {
  const std::string what =
      AlertText(transition.kind(), transition.value(), transition.threshold());
  if (transition.change() == v1::ALERT_CHANGE_FIRED) return what + ": fires";
  return what + ": clears after " + DurationText(ToDuration(transition.fired_for()));
}

}  // namespace pgsluice::cli
