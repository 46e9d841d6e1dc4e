// One endpoint on the screen: a block of lines, or a single one where there is no room.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

#include "client/cpp/cli/pools_series.h"
#include "client/cpp/cli/sparkline.h"
#include "client/cpp/cli/styled_line.h"

namespace pgsluice::cli {

// Where things are in a line, from left to right: label, past, bar, live, numbers.
struct BlockLayout {
  LineOptions line;
  Glyphs glyphs = Glyphs::kUtf8;
  int past = 0;  // Cells of the gateway's samples; 0: neither they nor the bar.
  int live = 0;  // Cells of what was seen.
  int numbers = 0;

  static constexpr int kLabelCells = 11;
};

// Of a screen that wide, when the gateway has sent so many samples.
BlockLayout LayOutBlock(LineOptions line, Glyphs glyphs, size_t samples);

// Headline, three sparklines, and the alerts: one line at least, which keeps blocks
// apart, so that nothing moves when an alert comes.
std::vector<std::string> EndpointBlock(const PoolsSeries& series,
                                       const BlockLayout& layout, absl::Time now);
// Active sessions as a sparkline, and the numbers.
std::string EndpointLine(const PoolsSeries& series, const BlockLayout& layout);
// What one bar of the sparklines stands for.
std::string TimeScale(const BlockLayout& layout, absl::Duration sample_interval,
                      absl::Duration message_interval);

// "7s", "2m5s": whole seconds.
std::string AgeText(absl::Duration age);
std::string_view BarOf(Glyphs glyphs);

}  // namespace pgsluice::cli
