#include "client/cpp/cli/query_report.h"

#include <cstdio>

#include "absl/strings/escaping.h"

namespace pgsluice::cli {

namespace {

// Of a replica how stale it may have been, and what was waited for a fresher one.
std::string FreshnessText(const v1::Route& route, const v1::Timing& timing) {
  std::string text;
  if (route.has_staleness()) {
    text += "stale by " + DurationText(ToDuration(route.staleness())) + " at most, ";
  }
  if (timing.has_freshness_wait()) {
    text += "waited " + DurationText(ToDuration(timing.freshness_wait())) +
            " for a fresh replica, ";
  }
  return text;
}

}  // namespace

std::string QueryReport(const v1::Route& route, const v1::Timing& timing,
                        absl::Duration total) {
  const std::string attempts =
      route.attempts() > 1 ? ", attempt " + std::to_string(route.attempts()) : "";
  return "-- " + route.endpoint() + " (" + route.role() + ", " + route.reason() +
         attempts + "): " + FreshnessText(route, timing) + "queued " +
         DurationText(ToDuration(timing.queued())) + ", executed " +
         DurationText(ToDuration(timing.execute())) + ", total " + DurationText(total) +
         "\n";
}

std::string TokenReport(const std::string& token) {
  if (token.empty()) return "";
  return "-- token " + absl::Base64Escape(token) + "\n";
}

std::string DurationText(absl::Duration duration) {
  char text[64];
  if (duration < absl::Seconds(1)) {
    std::snprintf(text, sizeof(text), "%.1f ms", absl::ToDoubleMilliseconds(duration));
  } else if (duration < absl::Minutes(1)) {
    std::snprintf(text, sizeof(text), "%.2f s", absl::ToDoubleSeconds(duration));
  } else if (duration < absl::Hours(1)) {
    std::snprintf(text, sizeof(text), "%d min %d s",
                  static_cast<int>(absl::ToInt64Minutes(duration)),
                  static_cast<int>(absl::ToInt64Seconds(duration) % 60));
  } else {
    std::snprintf(text, sizeof(text), "%lld h %d min",
                  static_cast<long long>(absl::ToInt64Hours(duration)),
                  static_cast<int>(absl::ToInt64Minutes(duration) % 60));
  }
  return text;
}

absl::Duration ToDuration(const google::protobuf::Duration& message) {
  return absl::Seconds(message.seconds()) + absl::Nanoseconds(message.nanos());
}

}  // namespace pgsluice::cli
