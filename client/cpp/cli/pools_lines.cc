#include "client/cpp/cli/pools_lines.h"

#include "client/cpp/cli/alert_text.h"
#include "client/cpp/cli/pools_series.h"
#include "client/cpp/cli/query_report.h"

namespace pgsluice::cli {
namespace {

std::string SampleText(const v1::Sample& sample) {
  std::string text = RoleText(sample.role()) +
                     " total=" + std::to_string(sample.total()) +
                     " active=" + std::to_string(sample.active()) +
                     " idle=" + std::to_string(sample.idle()) +
                     " waiting=" + std::to_string(sample.waiting());
  if (sample.has_oldest_wait()) {
    text += " oldest=" + absl::FormatDuration(ToDuration(sample.oldest_wait()));
  }
  if (sample.has_response_time()) {
    text += " response=" + absl::FormatDuration(ToDuration(sample.response_time()));
  }
  if (sample.has_lag()) {
    text += " lag=" + absl::FormatDuration(ToDuration(sample.lag()));
  }
  if (!sample.error().empty()) text += " error=\"" + sample.error() + "\"";
  return text;
}

std::string FiringText(const v1::EndpointMonitor& monitor) {
  std::string text;
  for (const v1::Alert& alert : monitor.alerts()) {
    if (!IsFiring(alert)) continue;
    text += (text.empty() ? " alerts=\"" : ", ") +
            AlertText(alert.kind(), alert.value(), alert.threshold());
  }
  return text.empty() ? "" : text + "\"";
}

}  // namespace

std::string PoolsLines(const v1::WatchPoolStatsResponse& message, absl::Time now) {
  const std::string clock = ClockText(now);
  std::string lines;
  for (const v1::EndpointMonitor& monitor : message.stats().monitors()) {
    const v1::EndpointPoolStats* pool =
        PoolInService(message.stats(), monitor.endpoint());
    lines += clock + " " + monitor.endpoint() + " " + SampleText(monitor.now()) +
             (pool != nullptr && pool->paused() ? " paused" : "") + FiringText(monitor) +
             "\n";
  }
  for (const v1::AlertTransition& transition : message.transitions()) {
    lines += clock + " " + transition.endpoint() + " ALERT " +
             TransitionText(transition) + "\n";
  }
  return lines;
}

std::string ClockText(absl::Time time) {
  return absl::FormatTime("%H:%M:%S", time, absl::LocalTimeZone());
}

std::string RoleText(v1::Role role) {
  switch (role) {
    case v1::ROLE_PRIMARY: return "primary";
    case v1::ROLE_REPLICA: return "replica";
    default: return "unknown";
  }
}

}  // namespace pgsluice::cli
