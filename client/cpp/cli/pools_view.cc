#include "client/cpp/cli/pools_view.h"

#include <algorithm>
#include <utility>

#include "client/cpp/cli/alert_text.h"
#include "client/cpp/cli/pools_block.h"
#include "client/cpp/cli/pools_lines.h"
#include "client/cpp/cli/query_report.h"

namespace pgsluice::cli {
namespace {

constexpr size_t kMostEvents = 200;
// A message may be late by this before it is worth a word.
constexpr absl::Duration kLateness = absl::Seconds(2);

Style StyleOf(v1::AlertChange change) {
  return change == v1::ALERT_CHANGE_FIRED ? Style::kRed : Style::kGreen;
}

}  // namespace

void PoolsView::Add(const v1::WatchPoolStatsResponse& message, absl::Time now) {
  const v1::PoolStatsResponse& stats = message.stats();
  if (!lost_why_.empty()) AddEvent(now, address_ + " is back", Style::kGreen);
  lost_why_.clear();
  // Another set of endpoints: another gateway, or another configuration.
  if (endpoints_.size() != static_cast<size_t>(stats.monitors_size())) {
    endpoints_ = std::vector<PoolsSeries>(static_cast<size_t>(stats.monitors_size()));
  }
  for (size_t i = 0; i < endpoints_.size(); ++i) {
    const v1::EndpointMonitor& monitor = stats.monitors(static_cast<int>(i));
    endpoints_[i].Add(monitor, PoolInService(stats, monitor.endpoint()), now);
  }
  for (const v1::AlertTransition& transition : message.transitions()) {
    AddEvent(now, transition.endpoint() + "  " + TransitionText(transition),
             StyleOf(transition.change()));
  }
  latest_ = stats;
  latest_.clear_monitors();
  latest_at_ = now;
}

void PoolsView::Lost(std::string why, absl::Time now) {
  for (PoolsSeries& endpoint : endpoints_) endpoint.AddGap();
  if (lost_why_.empty()) {
    lost_at_ = now;
    AddEvent(now, address_ + " is gone: " + why, Style::kRed);
  }
  lost_why_ = why.empty() ? "no answer" : std::move(why);
}

void PoolsView::AddEvent(absl::Time at, std::string text, Style style) {
  events_.push_front({.at = at, .text = std::move(text), .style = style});
  if (events_.size() > kMostEvents) events_.pop_back();
}

std::vector<std::string> PoolsView::Render(const Screen& screen, absl::Time now) const {
  const LineOptions options{.width = screen.width, .has_color = screen.has_color};
  size_t samples = 0;
  for (const PoolsSeries& endpoint : endpoints_) {
    samples = std::max(samples, static_cast<size_t>(endpoint.monitor().samples_size()));
  }
  const BlockLayout layout = LayOutBlock(options, screen.glyphs, samples);
  std::vector<std::string> lines = {Headline(options, now)};
  std::vector<std::string> blocks = {
      TimeScale(layout, ToDuration(latest_.sample_interval()), interval_)};
  for (const PoolsSeries& endpoint : endpoints_) {
    for (std::string& line : EndpointBlock(endpoint, layout, now)) {
      blocks.push_back(std::move(line));
    }
  }
  const auto height = static_cast<size_t>(std::max(1, screen.height));
  if (lines.size() + blocks.size() > height) {
    blocks = {""};
    for (const PoolsSeries& endpoint : endpoints_) {
      blocks.push_back(EndpointLine(endpoint, layout));
    }
  }
  lines.insert(lines.end(), blocks.begin(), blocks.end());
  AppendEvents(options, height, lines);
  if (lines.size() > height) lines.resize(height);
  return lines;
}

std::string PoolsView::Headline(const LineOptions& options, absl::Time now) const {
  StyledLine line(options);
  line.Add("pgsluice ", Style::kBold).Add(address_ + "  ");
  const absl::Duration age = now - latest_at_;
  if (!lost_why_.empty()) {
    line.Add("GONE for " + AgeText(now - lost_at_) + ", trying again: " + lost_why_,
             Style::kBoldRed);
  } else if (age > interval_ + kLateness) {
    line.Add("no word for " + AgeText(age), Style::kYellow);
  } else {
    line.Add(std::to_string(latest_.calls_in_progress()) + " calls, " +
             std::to_string(latest_.transactions_in_progress()) + " transactions");
  }
  line.AddAtRight("  " + ClockText(now));
  return line.text();
}

void PoolsView::AppendEvents(const LineOptions& options, size_t height,
                             std::vector<std::string>& lines) const {
  for (const Event& event : events_) {
    if (lines.size() >= height) return;
    StyledLine line(options);
    line.Add(ClockText(event.at) + "  ", Style::kDim).Add(event.text, event.style);
    lines.push_back(line.text());
  }
}

}  // namespace pgsluice::cli
