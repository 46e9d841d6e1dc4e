// Results of a batch's steps: encoded into the response, under one limit for all of them,
// with those cells kept that later steps take. Confined to the call's shard, or to the
// session's while the call is suspended.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/batch_program.h"
#include "server/convert/row_encoder.h"

namespace pgsluice {

// What all steps together may return.
class BatchBudget final {
 public:
  // `is_shared` by several steps, and called so in errors.
  explicit BatchBudget(const ResultLimits& limits, bool is_shared = true)
      : limits_(limits), is_shared_(is_shared) {}

  absl::Status Spend(size_t bytes);
  void Refund(uint64_t rows, uint64_t bytes) {
    rows_ -= rows;
    bytes_ -= bytes;
  }

 private:
  ResultLimits limits_;
  bool is_shared_ = true;
  uint64_t rows_ = 0;
  uint64_t bytes_ = 0;
};

class BatchStepRows final : public RowSink {
 public:
  // A cell of this step that a later one takes: row and column.
  using Place = std::pair<uint32_t, uint32_t>;

  // `budget` must outlive it; `result`, the rows that it is handed. `own`: limits of this
  // step alone; 0: none.
  BatchStepRows(v1::RowEncoding encoding, BatchBudget& budget, v1::QueryResponse& result,
                const ResultLimits& own = {});

  uint64_t bytes() const { return bytes_; }  // Of the rows.
  void Keep(Place place) { kept_.emplace(place, std::nullopt); }

  absl::Status OnColumns(const std::vector<ColumnInfo>& columns) override;
  absl::StatusOr<SinkState> OnRow(std::span<const Cell> row) override;

  // The parameter that a kept cell makes; REFERENCE_FAILED when there is no such cell.
  absl::StatusOr<Parameter> Take(Place place) const;
  // Once the statement has ended well.
  StepOutcome Summarize(const CommandResult& command) const;

 private:
  BatchBudget& budget_;
  QueryRows rows_;
  std::vector<TypeOid> types_;
  std::map<Place, std::optional<Parameter>> kept_;
  std::optional<std::string> first_cell_;
  // Kept here as well: a step that fails loses its result.
  uint64_t row_count_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace pgsluice
