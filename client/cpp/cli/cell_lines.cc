#include "client/cpp/cli/cell_lines.h"

#include <algorithm>
#include <cstdio>

#include "client/cpp/cli/display_width.h"

namespace pgsluice::cli {
namespace {

constexpr int kTabStop = 8;

}  // namespace

std::vector<CellLine> SplitLines(std::string_view cell) {
  std::vector<CellLine> lines(1);
  for (char c : cell) {
    std::string& line = lines.back().text;
    if (c == '\n') {
      lines.emplace_back();
    } else if (c == '\t') {
      line.append(kTabStop - DisplayWidth(line) % kTabStop, ' ');
    } else if (c == '\r') {
      line += "\\r";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      char escaped[5];
      std::snprintf(escaped, sizeof(escaped), "\\x%02X", static_cast<unsigned char>(c));
      line += escaped;
    } else {
      line += c;
    }
  }
  for (CellLine& line : lines) line.width = DisplayWidth(line.text);
  return lines;
}

int WidestOf(const std::vector<CellLine>& lines) {
  int widest = 0;
  for (const CellLine& line : lines) widest = std::max(widest, line.width);
  return widest;
}

}  // namespace pgsluice::cli
