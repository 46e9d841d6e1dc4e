// The expanded form (-x): one line a column, as psql prints it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client/cpp/cli/table.h"

namespace pgsluice::cli {

// Records are numbered from `first_record`; without a header they are parted by
// a rule.
std::string FormatExpanded(const std::vector<TableColumn>& columns,
                           const std::vector<TableRow>& rows, uint64_t first_record,
                           const std::string& null_text, bool with_header);

}  // namespace pgsluice::cli
