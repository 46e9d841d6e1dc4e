// Line-by-line forms for programs: CSV and psql's unaligned output (-A).
#pragma once

#include <string>
#include <vector>

#include "client/cpp/cli/table.h"

namespace pgsluice::cli {

// RFC 4180 with \n. NULL is an empty field and the empty text "", as in COPY (psql
// leaves both empty).
std::string CsvRow(const TableRow& row, const std::string& null_text);
std::string CsvHeader(const std::vector<TableColumn>& columns);

// Cells parted by "|", without quoting.
std::string UnalignedRow(const TableRow& row, const std::string& null_text);
std::string UnalignedHeader(const std::vector<TableColumn>& columns);

}  // namespace pgsluice::cli
