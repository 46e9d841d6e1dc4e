// A sink that keeps the cells of the first row: for statements of our own that return
// one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pool/result.h"

namespace pgsluice {

class FirstRow final : public RowSink {
 public:
  absl::Status OnColumns(const std::vector<ColumnInfo>& /*columns*/) override {
    cells_.clear();
    has_row_ = false;
    return absl::OkStatus();
  }
  absl::StatusOr<SinkState> OnRow(std::span<const Cell> row) override {
    if (has_row_) return SinkState::kMore;
    has_row_ = true;
    for (const Cell& cell : row) {
      if (cell.length < 0) {
        cells_.emplace_back(std::nullopt);
      } else {
        cells_.emplace_back(std::string(cell.data, static_cast<size_t>(cell.length)));
      }
    }
    return SinkState::kMore;
  }

  bool has_row() const { return has_row_; }
  // Absent: SQL NULL, or no such cell.
  std::optional<std::string> cell(size_t i) const {
    return i < cells_.size() ? cells_[i] : std::nullopt;
  }

 private:
  std::vector<std::optional<std::string>> cells_;
  bool has_row_ = false;
};

}  // namespace pgsluice
