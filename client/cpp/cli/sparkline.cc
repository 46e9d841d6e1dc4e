#include "client/cpp/cli/sparkline.h"

#include <algorithm>
#include <array>

namespace pgsluice::cli {
namespace {

using Bars = std::array<const char*, 8>;
constexpr Bars kUtf8Bars = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr Bars kAsciiBars = {"_", ".", ":", "-", "=", "+", "*", "#"};

// Zero has the lowest bar to itself, and what reaches the top the highest: little can be
// told from nothing, and almost full from full.
size_t LevelOf(double value, double top) {
  if (!(value > 0) || !(top > 0)) return 0;
  if (value >= top) return 7;
  return 1 + static_cast<size_t>(value / top * 6);
}

}  // namespace

std::string Sparkline(const std::vector<std::optional<double>>& values, double top,
                      int width, Glyphs glyphs) {
  const Bars& bars = glyphs == Glyphs::kUtf8 ? kUtf8Bars : kAsciiBars;
  const size_t cells = static_cast<size_t>(std::max(0, width));
  const size_t shown = std::min(cells, values.size());
  std::string line(cells - shown, ' ');
  for (size_t i = values.size() - shown; i < values.size(); ++i) {
    line += values[i].has_value()     ? bars[LevelOf(*values[i], top)]
            : glyphs == Glyphs::kUtf8 ? "×"
                                      : "x";
  }
  return line;
}

}  // namespace pgsluice::cli
