#include "server/batch_rows.h"

#include <limits>

#include "pool/error.h"
#include "pool/str_cat.h"

namespace pgsluice {

namespace {

// Types whose text PostgreSQL may take for what the place wants: left for it to infer.
constexpr TypeOid kText = 25;
constexpr TypeOid kUnknown = 705;
constexpr TypeOid kBpchar = 1042;
constexpr TypeOid kVarchar = 1043;

TypeOid TypeOfParameter(TypeOid column) {
  const bool is_text =
      column == kText || column == kUnknown || column == kBpchar || column == kVarchar;
  return is_text ? 0 : column;
}

// QueryRows takes 0 for none at all.
ResultLimits OrUnlimited(const ResultLimits& limits) {
  constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();
  return {.max_rows = limits.max_rows == 0 ? kUnlimited : limits.max_rows,
          .max_bytes = limits.max_bytes == 0 ? kUnlimited : limits.max_bytes};
}

}  // namespace

absl::Status BatchBudget::Spend(size_t bytes) {
  if (rows_ >= limits_.max_rows) {
    return ResultTooLarge(is_shared_ ? "max_rows (of all steps)" : "max_rows",
                          limits_.max_rows);
  }
  if (bytes_ + bytes > limits_.max_bytes) {
    return ResultTooLarge(is_shared_ ? "max_bytes (of all steps)" : "max_bytes",
                          limits_.max_bytes);
  }
  ++rows_;
  bytes_ += bytes;
  return absl::OkStatus();
}

BatchStepRows::BatchStepRows(v1::RowEncoding encoding, BatchBudget& budget,
                             v1::QueryResponse& result, const ResultLimits& own)
    : budget_(budget), rows_(encoding, OrUnlimited(own), result) {}

absl::Status BatchStepRows::OnColumns(const std::vector<ColumnInfo>& columns) {
  budget_.Refund(row_count_, bytes_);
  row_count_ = bytes_ = 0;
  first_cell_.reset();
  types_.clear();
  for (const ColumnInfo& column : columns) types_.push_back(column.type_oid);
  return rows_.OnColumns(columns);
}

absl::StatusOr<SinkState> BatchStepRows::OnRow(std::span<const Cell> row) {
  const size_t bytes = RowEncoder::RowBytes(row);
  if (absl::Status status = budget_.Spend(bytes); !status.ok()) return status;
  bytes_ += bytes;
  const uint64_t number = row_count_++;
  if (number == 0 && !row.empty() && row[0].length >= 0) {
    first_cell_.emplace(row[0].data, static_cast<size_t>(row[0].length));
  }
  for (auto& [place, parameter] : kept_) {
    if (place.first != number || place.second >= row.size()) continue;
    const Cell& cell = row[place.second];
    parameter.emplace(Parameter{.type = TypeOfParameter(types_[place.second]),
                                .is_binary = false,
                                .value = std::nullopt});
    if (cell.length >= 0) {
      parameter->value.emplace(cell.data, static_cast<size_t>(cell.length));
    }
  }
  return rows_.OnRow(row);
}

absl::StatusOr<Parameter> BatchStepRows::Take(Place place) const {
  const auto kept = kept_.find(place);
  if (kept != kept_.end() && kept->second.has_value()) return *kept->second;
  return MakeError(absl::StatusCode::kFailedPrecondition,
                   StrCat("takes row ", place.first, ", column ", place.second,
                          " of a result that has ", row_count_, " rows and ",
                          types_.size(), " columns"),
                   {.reason = "REFERENCE_FAILED", .outcome = Outcome::kRolledBack});
}

StepOutcome BatchStepRows::Summarize(const CommandResult& command) const {
  return {.rows = row_count_,
          .rows_affected = command.rows_affected,
          .first_cell = first_cell_};
}

}  // namespace pgsluice
