#include "client/cpp/cli/aligned_format.h"

#include <algorithm>

#include "client/cpp/cli/cell_lines.h"

namespace pgsluice::cli {
namespace {

enum class Layout { kHeader, kData };

// One row of cells, over as many lines as its tallest cell. A "+" behind a cell says
// that it goes on in the next line.
void AppendRow(const std::vector<std::vector<CellLine>>& cells,
               const std::vector<TableColumn>& columns, const std::vector<int>& widths,
               Layout layout, std::string& out) {
  size_t height = 1;
  for (const auto& cell : cells) height = std::max(height, cell.size());
  for (size_t i = 0; i < height; ++i) {
    for (size_t column = 0; column < cells.size(); ++column) {
      const bool is_last = column + 1 == cells.size();
      const bool is_padded = layout == Layout::kHeader || !is_last;
      const bool goes_on = i + 1 < cells[column].size();
      const CellLine line = i < cells[column].size() ? cells[column][i] : CellLine{};
      const int space = widths[column] - line.width;
      int before = 0;
      if (layout == Layout::kHeader) {
        before = space / 2;
      } else if (columns[column].align == Align::kRight) {
        before = space;
      }
      const bool is_blank = i >= cells[column].size() && !is_padded;
      out += ' ';
      if (!is_blank) out.append(before, ' ');
      out += line.text;
      if (is_padded || goes_on) out.append(space - before, ' ');
      if (goes_on) {
        out += '+';
      } else if (is_padded) {
        out += ' ';
      }
      if (!is_last) out += '|';
    }
    out += '\n';
  }
}

}  // namespace

AlignedFormat::AlignedFormat(std::vector<TableColumn> columns, std::string null_text,
                             bool with_header)
    : columns_(std::move(columns)),
      null_text_(std::move(null_text)),
      is_header_due_(with_header) {
  for (const TableColumn& column : columns_) {
    widths_.push_back(WidestOf(SplitLines(column.name)));
  }
}

std::string AlignedFormat::Format(const std::vector<TableRow>& rows) {
  std::vector<std::vector<std::vector<CellLine>>> all;
  all.reserve(rows.size());
  for (const TableRow& row : rows) {
    std::vector<std::vector<CellLine>>& cells = all.emplace_back();
    for (size_t i = 0; i < row.size(); ++i) {
      cells.push_back(SplitLines(row[i].has_value() ? *row[i] : null_text_));
      widths_[i] = std::max(widths_[i], WidestOf(cells.back()));
    }
  }
  std::string out;
  if (is_header_due_) out = Header();
  is_header_due_ = false;
  for (const auto& cells : all) AppendRow(cells, columns_, widths_, Layout::kData, out);
  return out;
}

std::string AlignedFormat::Header() const {
  std::vector<std::vector<CellLine>> names;
  for (const TableColumn& column : columns_) names.push_back(SplitLines(column.name));
  std::string out;
  AppendRow(names, columns_, widths_, Layout::kHeader, out);
  for (size_t i = 0; i < widths_.size(); ++i) {
    if (i > 0) out += '+';
    out.append(widths_[i] + 2, '-');
  }
  out += '\n';
  return out;
}

std::string RowCountFooter(uint64_t rows) {
  return "(" + std::to_string(rows) + (rows == 1 ? " row)\n" : " rows)\n");
}

}  // namespace pgsluice::cli
