// A row of numbers as a row of little bars.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace pgsluice::cli {

enum class Glyphs { kUtf8, kAscii };

// The last `width` of `values`, at the right; blanks before them when there are fewer. A
// bar is full at `top` and above; zero, and below, is the lowest bar. An absent value is
// a cross.
std::string Sparkline(const std::vector<std::optional<double>>& values, double top,
                      int width, Glyphs glyphs);

}  // namespace pgsluice::cli
