// The live view of the pools, as lines of a screen. Without terminal, clock and network,
// so that tests can look at it.
//
// For each endpoint: a headline, then active sessions, waiting calls and response time as
// sparklines. Left of the bar is the gateway's own history, a sample each; right of it
// what has been seen since the view was opened, a message each.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "client/cpp/cli/pools_series.h"
#include "client/cpp/cli/sparkline.h"
#include "client/cpp/cli/styled_line.h"
#include "pgsluice/v1/pool_stats.pb.h"

namespace pgsluice::cli {

struct Screen {
  int width = 80;
  int height = 24;
  bool has_color = false;
  Glyphs glyphs = Glyphs::kUtf8;
};

class PoolsView final {
 public:
  // Messages come every `interval`.
  PoolsView(std::string address, absl::Duration interval)
      : address_(std::move(address)), interval_(interval) {}

  void Add(const v1::WatchPoolStatsResponse& message, absl::Time now);
  // The gateway cannot be reached.
  void Lost(std::string why, absl::Time now);

  // At most height lines, none wider than the screen.
  std::vector<std::string> Render(const Screen& screen, absl::Time now) const;

 private:
  // One line below the endpoints.
  struct Event {
    absl::Time at;
    std::string text;
    Style style = Style::kPlain;
  };

  void AddEvent(absl::Time at, std::string text, Style style);
  std::string Headline(const LineOptions& options, absl::Time now) const;
  // As many of the latest as there is room for.
  void AppendEvents(const LineOptions& options, size_t height,
                    std::vector<std::string>& lines) const;

  const std::string address_;
  const absl::Duration interval_;
  v1::PoolStatsResponse latest_;  // Without its monitors.
  absl::Time latest_at_ = absl::InfinitePast();
  std::vector<PoolsSeries> endpoints_;
  std::deque<Event> events_;  // Newest first.
  std::string lost_why_;      // Empty while the gateway answers.
  absl::Time lost_at_ = absl::InfinitePast();
};

}  // namespace pgsluice::cli
