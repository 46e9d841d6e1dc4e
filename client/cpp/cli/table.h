// A result as text cells, for every way of printing it.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace pgsluice::cli {

enum class Align { kLeft, kRight };

struct TableColumn {
  std::string name;
  Align align = Align::kLeft;
};

// Nothing means NULL.
using TableRow = std::vector<std::optional<std::string>>;

struct Table {
  std::vector<TableColumn> columns;
  std::vector<TableRow> rows;
};

}  // namespace pgsluice::cli
