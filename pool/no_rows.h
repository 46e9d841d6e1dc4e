// A sink for statements that return no rows: BEGIN, COMMIT, savepoints.
#pragma once

#include <span>
#include <vector>

#include "pool/result.h"

namespace pgsluice {

class NoRows final : public RowSink {
 public:
  absl::Status OnColumns(const std::vector<ColumnInfo>& /*columns*/) override {
    return absl::OkStatus();
  }
  absl::StatusOr<SinkState> OnRow(std::span<const Cell> /*row*/) override {
    return SinkState::kMore;
  }
};

}  // namespace pgsluice
