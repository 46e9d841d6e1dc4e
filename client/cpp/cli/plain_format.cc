#include "client/cpp/cli/plain_format.h"

#include <string_view>

namespace pgsluice::cli {
namespace {

// A lone \. would end a COPY.
bool NeedsQuotes(std::string_view field) {
  return field.empty() || field == "\\." ||
         field.find_first_of(",\"\r\n") != std::string_view::npos;
}

void AppendCsvField(std::string_view field, std::string& out) {
  if (!NeedsQuotes(field)) {
    out += field;
    return;
  }
  out += '"';
  for (char c : field) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

TableRow NamesOf(const std::vector<TableColumn>& columns) {
  TableRow names;
  for (const TableColumn& column : columns) names.push_back(column.name);
  return names;
}

}  // namespace

std::string CsvRow(const TableRow& row, const std::string& null_text) {
  std::string out;
  for (size_t i = 0; i < row.size(); ++i) {
    if (i > 0) out += ',';
    if (row[i].has_value()) {
      AppendCsvField(*row[i], out);
    } else {
      out += null_text;
    }
  }
  return out + '\n';
}

std::string CsvHeader(const std::vector<TableColumn>& columns) {
  return CsvRow(NamesOf(columns), "");
}

std::string UnalignedRow(const TableRow& row, const std::string& null_text) {
  std::string out;
  for (size_t i = 0; i < row.size(); ++i) {
    if (i > 0) out += '|';
    out += row[i].has_value() ? *row[i] : null_text;
  }
  return out + '\n';
}

std::string UnalignedHeader(const std::vector<TableColumn>& columns) {
  return UnalignedRow(NamesOf(columns), "");
}

}  // namespace pgsluice::cli
