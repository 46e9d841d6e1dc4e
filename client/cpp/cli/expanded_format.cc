#include "client/cpp/cli/expanded_format.h"

#include <algorithm>

#include "client/cpp/cli/cell_lines.h"

namespace pgsluice::cli {
namespace {

// "-[ RECORD 1 ]-+-----": the "+" stands above the bars where the text leaves it room.
std::string RuleLine(const std::string& label, int name_width, int data_width) {
  std::string line = label.empty() ? "-" : "-[ " + label + " ]";
  int over = static_cast<int>(line.size());
  for (; over < name_width; ++over) line += '-';
  over -= name_width;
  for (char c : {'-', '+', '-'}) {
    if (over-- <= 0) line += c;
  }
  for (over = std::max(over, 0); over < data_width; ++over) line += '-';
  return line + '\n';
}

}  // namespace

std::string FormatExpanded(const std::vector<TableColumn>& columns,
                           const std::vector<TableRow>& rows, uint64_t first_record,
                           const std::string& null_text, bool with_header) {
  std::vector<std::vector<CellLine>> names;
  int name_width = 0;
  for (const TableColumn& column : columns) {
    name_width =
        std::max(name_width, WidestOf(names.emplace_back(SplitLines(column.name))));
  }
  std::vector<std::vector<std::vector<CellLine>>> cells(rows.size());
  int data_width = 0;
  for (size_t r = 0; r < rows.size(); ++r) {
    for (const auto& cell : rows[r]) {
      cells[r].push_back(SplitLines(cell.has_value() ? *cell : null_text));
      data_width = std::max(data_width, WidestOf(cells[r].back()));
    }
  }
  if (with_header) {
    // Values reach at least to the end of "[ RECORD n ]".
    const int digits = static_cast<int>(std::to_string(rows.size()).size());
    data_width = std::max(data_width, digits + 8 - name_width);
  }

  std::string out;
  for (size_t r = 0; r < rows.size(); ++r) {
    const bool is_first = r == 0 && first_record == 1;
    if (with_header) {
      out +=
          RuleLine("RECORD " + std::to_string(first_record + r), name_width, data_width);
    } else if (!is_first) {
      out += RuleLine("", name_width, data_width);
    }
    for (size_t c = 0; c < cells[r].size(); ++c) {
      const std::vector<CellLine>& name = names[c];
      const std::vector<CellLine>& cell = cells[r][c];
      for (size_t i = 0; i < std::max(name.size(), cell.size()); ++i) {
        const CellLine name_line = i < name.size() ? name[i] : CellLine{};
        out += name_line.text;
        out.append(name_width - name_line.width, ' ');
        out += i + 1 < name.size() ? "+|" : " |";
        if (i < cell.size()) {
          out += ' ' + cell[i].text;
          if (i + 1 < cell.size()) {
            out.append(data_width - cell[i].width, ' ');
            out += '+';
          }
        }
        out += '\n';
      }
    }
  }
  return out;
}

}  // namespace pgsluice::cli
