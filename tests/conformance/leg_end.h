// What tests see of a statement: its rows, and what became of it.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "pool/error.h"
#include "pool/result.h"

namespace pgsluice::testing {

// Keeps every row as text; says full after each `rows_a_turn`.
class TextSink final : public RowSink {
 public:
  absl::Status OnColumns(const std::vector<ColumnInfo>& columns) override {
    column_count_ = columns.size();
    return absl::OkStatus();
  }
  absl::StatusOr<SinkState> OnRow(std::span<const Cell> row) override {
    std::string text;
    for (const Cell& cell : row) {
      absl::StrAppend(&text, text.empty() ? "" : "|",
                      cell.length < 0 ? "NULL" : std::string(cell.data, cell.length));
    }
    rows_.push_back(std::move(text));
    if (rows_.size() == refuse_at_) return ResultTooLarge("rows", refuse_at_);
    const bool is_full = rows_a_turn_ > 0 && rows_.size() % rows_a_turn_ == 0;
    return is_full ? SinkState::kFull : SinkState::kMore;
  }
  void PauseEvery(size_t rows) { rows_a_turn_ = rows; }
  void RefuseAt(size_t row) { refuse_at_ = row; }
  const std::vector<std::string>& rows() const { return rows_; }

 private:
  size_t rows_a_turn_ = 0;
  size_t refuse_at_ = 0;
  size_t column_count_ = 0;
  std::vector<std::string> rows_;
};

// What became of one leg.
struct LegEnd {
  absl::Status status;
  CommandResult result;
  std::vector<std::string> rows;
  int turns = 0;  // Fetches it took.

  bool ok() const { return status.ok(); }
  std::string reason() const {
    const auto details = DetailsOf(status);
    return details.has_value() ? details->reason : "";
  }
  Outcome outcome() const {
    const auto details = DetailsOf(status);
    return details.has_value() ? details->outcome : Outcome::kUnknown;
  }
};

}  // namespace pgsluice::testing
