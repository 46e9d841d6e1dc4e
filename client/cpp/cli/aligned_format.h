// The aligned table, as psql prints it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client/cpp/cli/table.h"

namespace pgsluice::cli {

// Formats rows block by block, so that a stream need not be held: the header comes with
// the first block, and columns only grow from one block to the next.
class AlignedFormat final {
 public:
  AlignedFormat(std::vector<TableColumn> columns, std::string null_text,
                bool with_header);

  // The first call writes the header, even without rows.
  std::string Format(const std::vector<TableRow>& rows);

 private:
  std::string Header() const;

  const std::vector<TableColumn> columns_;
  const std::string null_text_;
  bool is_header_due_;
  std::vector<int> widths_;
};

// "(3 rows)"
std::string RowCountFooter(uint64_t rows);

}  // namespace pgsluice::cli
