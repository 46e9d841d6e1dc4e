// A cell as the lines it is printed on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgsluice::cli {

struct CellLine {
  std::string text;
  int width = 0;  // In terminal cells.
};

// Breaks at newlines; control characters are shown as \r or \x1B, tabs become spaces
// up to the next multiple of eight.
std::vector<CellLine> SplitLines(std::string_view cell);
int WidestOf(const std::vector<CellLine>& lines);

}  // namespace pgsluice::cli
