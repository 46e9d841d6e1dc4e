#include "tests/bench/report.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace pgsluice::bench {
namespace {

std::string ToMarkdown(const Table& table) {
  std::vector<size_t> widths;
  for (const std::string& cell : table.header) widths.push_back(cell.size());
  for (const auto& row : table.rows) {
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  }
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text = "|";
    for (size_t i = 0; i < cells.size(); ++i) {
      absl::StrAppend(&text, " ", cells[i], std::string(widths[i] - cells[i].size(), ' '),
                      " |");
    }
    return text + "\n";
  };
  std::string text = line(table.header) + "|";
  for (const size_t width : widths)
    absl::StrAppend(&text, std::string(width + 2, '-'), "|");
  text += "\n";
  for (const auto& row : table.rows) text += line(row);
  return text;
}

}  // namespace

void Report::AddText(const std::string& text) { absl::StrAppend(&text_, text, "\n\n"); }

void Report::AddTable(const Table& table) {
  absl::StrAppend(&text_, bench::ToMarkdown(table), "\n");
}

std::string Report::ToMarkdown() const {
  if (targets_.empty()) return text_;
  Table table{.header = {"target", "wanted", "measured", "reached"}, .rows = {}};
  for (const Target& target : targets_) {
    table.rows.push_back({target.what, target.wanted, target.measured,
                          target.is_reached ? "yes" : "**no**"});
  }
  return absl::StrCat(text_, "### Targets\n\n", bench::ToMarkdown(table));
}

std::string Decimal(double value, int digits) {
  return absl::StrFormat("%.*f", digits, value);
}

}  // namespace pgsluice::bench
