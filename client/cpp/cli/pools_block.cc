#include "client/cpp/cli/pools_block.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <initializer_list>

#include "client/cpp/cli/alert_text.h"
#include "client/cpp/cli/display_width.h"
#include "client/cpp/cli/pools_lines.h"
#include "client/cpp/cli/query_report.h"

namespace pgsluice::cli {
namespace {

constexpr int kWideNumbers = 22;    // "  12.3 ms  p95 45.6 ms"
constexpr int kNarrowNumbers = 10;  // "  12.3 ms"
constexpr int kWideFrom = 64;
// A queue of one must not look like a full one, nor half a millisecond like an outage.
constexpr double kLeastWaitingTop = 5;
constexpr double kLeastResponseTop = 0.002;

struct Row {
  const char* label;
  Quantity quantity;
  Style style;
  double top;  // What fills a bar.
  std::string now;
  std::string summary;
  // The alerts that are about it.
  std::initializer_list<v1::AlertKind> alerts;
};

double TopOf(const PoolsSeries& series, Quantity quantity, double least) {
  double top = least;
  for (const auto& values : {series.Past(quantity), series.Live(quantity)}) {
    for (const std::optional<double>& value : values) {
      if (value.has_value()) top = std::max(top, *value);
    }
  }
  return top;
}

std::string OneDecimal(double number) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f", number);
  return text;
}

// A sample without a time is none: the gateway could not be asked.
std::string CountText(const v1::Sample& sample, uint32_t count) {
  return sample.has_time() ? std::to_string(count) : "?";
}

std::string ResponseText(const v1::Sample& sample) {
  if (!sample.has_time()) return "?";
  if (!sample.has_response_time()) return "none";
  return DurationText(ToDuration(sample.response_time()));
}

bool HasFiring(const v1::EndpointMonitor& monitor,
               std::initializer_list<v1::AlertKind> kinds) {
  return std::any_of(
      monitor.alerts().begin(), monitor.alerts().end(), [kinds](const v1::Alert& alert) {
        return IsFiring(alert) &&
               std::find(kinds.begin(), kinds.end(), alert.kind()) != kinds.end();
      });
}

bool HasAnyFiring(const v1::EndpointMonitor& monitor) {
  return std::any_of(monitor.alerts().begin(), monitor.alerts().end(), IsFiring);
}

std::string SparkRow(const PoolsSeries& series, const BlockLayout& layout,
                     const Row& row) {
  const auto past = series.Past(row.quantity);
  StyledLine line(layout.line);
  const bool is_bad = HasFiring(series.monitor(), row.alerts);
  line.Add("  ").Add(row.label, is_bad ? Style::kBoldRed : Style::kPlain);
  line.PadTo(BlockLayout::kLabelCells);
  if (layout.past > 0) {
    line.Add(Sparkline(past, row.top, layout.past, layout.glyphs), Style::kDim);
    line.Add(BarOf(layout.glyphs), Style::kDim);
  }
  line.Add(Sparkline(series.Live(row.quantity), row.top, layout.live, layout.glyphs),
           is_bad ? Style::kRed : row.style);
  const int now_cells = kNarrowNumbers - DisplayWidth(row.now);
  line.Add(std::string(static_cast<size_t>(std::max(1, now_cells)), ' '));
  line.Add(row.now, is_bad ? Style::kBoldRed : Style::kBold);
  if (layout.numbers == kWideNumbers && !row.summary.empty())
    line.Add("  ").Add(row.summary, Style::kDim);
  return line.text();
}

std::string BlockHeadline(const PoolsSeries& series, const BlockLayout& layout) {
  const v1::EndpointMonitor& monitor = series.monitor();
  const v1::Sample& now = monitor.now();
  StyledLine line(layout.line);
  line.Add(monitor.endpoint(), Style::kBold).Add("  " + RoleText(now.role()) + "  ");
  if (series.is_paused()) line.Add("PAUSED", Style::kBoldYellow).Add("  ");
  if (!now.error().empty()) {
    line.Add(now.error(), Style::kRed);
  } else {
    line.Add(std::to_string(now.total()) + " of " + std::to_string(series.max_size()) +
             " open, " + std::to_string(now.idle()) + " idle");
    if (series.lease_rate().has_value()) {
      line.Add(", " + std::to_string(std::llround(*series.lease_rate())) + " leases/s");
    }
    if (now.has_lag()) line.Add(", lag " + DurationText(ToDuration(now.lag())));
    if (now.has_oldest_wait()) {
      line.Add(", oldest wait " + DurationText(ToDuration(now.oldest_wait())));
    }
  }
  const bool is_bad = HasAnyFiring(monitor);
  if (now.has_time()) {
    line.AddAtRight(is_bad ? " ALERT" : " ok", is_bad ? Style::kBoldRed : Style::kGreen);
  }
  return line.text();
}

std::vector<std::string> AlertRows(const v1::EndpointMonitor& monitor,
                                   const BlockLayout& layout, absl::Time now) {
  std::vector<std::string> rows;
  StyledLine line(layout.line);
  for (const v1::Alert& alert : monitor.alerts()) {
    if (alert.state() == v1::ALERT_STATE_QUIET) continue;
    const bool is_firing = IsFiring(alert);
    const absl::Time since = absl::FromUnixSeconds(alert.since().seconds());
    const std::string text =
        AlertText(alert.kind(), alert.value(), alert.threshold()) +
        (is_firing ? " (" + AgeText(now - since) + ")" : " (pending)");
    if (line.width() > 0 && line.width() + 3 + DisplayWidth(text) > layout.line.width) {
      rows.push_back(line.text());
      line = StyledLine(layout.line);
    }
    line.Add(line.width() == 0 ? "  ! " : "; ");
    line.Add(text, is_firing ? Style::kBoldRed : Style::kYellow);
  }
  rows.push_back(line.text());
  return rows;
}

}  // namespace

BlockLayout LayOutBlock(LineOptions line, Glyphs glyphs, size_t samples) {
  BlockLayout layout{.line = line, .glyphs = glyphs};
  layout.numbers = line.width >= kWideFrom ? kWideNumbers : kNarrowNumbers;
  const int room = std::max(0, line.width - BlockLayout::kLabelCells - layout.numbers);
  // At least two samples, else there is no past to speak of.
  if (samples > 1) layout.past = std::min<int>(static_cast<int>(samples), room / 2);
  layout.live = room - layout.past - (layout.past > 0 ? 1 : 0);
  return layout;
}

std::vector<std::string> EndpointBlock(const PoolsSeries& series,
                                       const BlockLayout& layout, absl::Time now) {
  const v1::EndpointMonitor& monitor = series.monitor();
  const v1::SampleSummary& summary = monitor.summary();
  const Row rows[] = {
      {.label = "active",
       .quantity = Quantity::kActive,
       .style = Style::kCyan,
       .top = std::max(1.0, static_cast<double>(series.max_size())),
       .now = CountText(monitor.now(), monitor.now().active()),
       .summary = "avg " + OneDecimal(summary.active().average()),
       .alerts = {v1::ALERT_KIND_IDLE}},
      {.label = "waiting",
       .quantity = Quantity::kWaiting,
       .style = Style::kYellow,
       .top = TopOf(series, Quantity::kWaiting, kLeastWaitingTop),
       .now = CountText(monitor.now(), monitor.now().waiting()),
       .summary = "max " + std::to_string(summary.waiting().max()),
       .alerts = {v1::ALERT_KIND_WAITERS, v1::ALERT_KIND_OLDEST_WAIT}},
      {.label = "response",
       .quantity = Quantity::kResponseTime,
       .style = Style::kGreen,
       .top = TopOf(series, Quantity::kResponseTime, kLeastResponseTop),
       .now = ResponseText(monitor.now()),
       .summary = summary.has_response_time()
                      ? "p95 " + DurationText(ToDuration(summary.response_time().p95()))
                      : "",
       .alerts = {v1::ALERT_KIND_RESPONSE_TIME, v1::ALERT_KIND_ERROR_RATE}},
  };
  std::vector<std::string> lines = {BlockHeadline(series, layout)};
  for (const Row& row : rows) lines.push_back(SparkRow(series, layout, row));
  for (std::string& row : AlertRows(monitor, layout, now)) {
    lines.push_back(std::move(row));
  }
  return lines;
}

std::string EndpointLine(const PoolsSeries& series, const BlockLayout& layout) {
  const v1::EndpointMonitor& monitor = series.monitor();
  const v1::Sample& now = monitor.now();
  const bool is_bad = HasAnyFiring(monitor);
  constexpr int kNameCells = 24;
  constexpr int kTextCells = 34;
  StyledLine line(layout.line);
  line.Add(is_bad ? "! " : "  ", Style::kBoldRed);
  line.Add(ClipToWidth(monitor.endpoint(), kNameCells - 11),
           is_bad ? Style::kBoldRed : Style::kBold);
  line.Add(" " + RoleText(now.role())).PadTo(kNameCells);
  const int cells = layout.line.width - kNameCells - kTextCells;
  const double top = std::max(1.0, static_cast<double>(series.max_size()));
  line.Add(Sparkline(series.Live(Quantity::kActive), top, cells, layout.glyphs),
           Style::kCyan);
  if (series.is_paused()) line.Add(" PAUSED", Style::kBoldYellow);
  line.Add(" " + CountText(now, now.active()) + "/" + std::to_string(series.max_size()));
  line.Add(", " + CountText(now, now.waiting()) + " wait",
           now.waiting() > 0 ? Style::kYellow : Style::kPlain);
  line.Add(", " + ResponseText(now), now.error().empty() ? Style::kPlain : Style::kRed);
  return line.text();
}

std::string TimeScale(const BlockLayout& layout, absl::Duration sample_interval,
                      absl::Duration message_interval) {
  StyledLine line(layout.line);
  line.PadTo(BlockLayout::kLabelCells);
  if (layout.past > 0) {
    const std::string each = absl::FormatDuration(sample_interval) + " each";
    if (DisplayWidth(each) <= layout.past) line.Add(each, Style::kDim);
    line.PadTo(BlockLayout::kLabelCells + layout.past)
        .Add(BarOf(layout.glyphs), Style::kDim);
  }
  const std::string each = absl::FormatDuration(message_interval) + " each, until now";
  const int column = layout.line.width - layout.numbers - DisplayWidth(each);
  line.PadTo(column).Add(each, Style::kDim);
  return line.text();
}

std::string AgeText(absl::Duration age) {
  return absl::FormatDuration(
      absl::Trunc(std::max(age, absl::ZeroDuration()), absl::Seconds(1)));
}

std::string_view BarOf(Glyphs glyphs) { return glyphs == Glyphs::kUtf8 ? "│" : "|"; }

}  // namespace pgsluice::cli
