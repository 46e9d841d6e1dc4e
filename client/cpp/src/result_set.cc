#include "pgsluice/client/result_set.h"

namespace pgsluice::client {

absl::StatusOr<ResultSet> ResultSet::FromResponse(v1::QueryResponse response) {
  ResultSet result;
  result.columns_ = std::make_shared<const Columns>(response.columns());
  v1::StreamRows rows;
  rows.set_row_count(response.row_count());
  *rows.mutable_rows() = std::move(*response.mutable_rows());
  if (response.has_packed())
    *rows.mutable_packed() = std::move(*response.mutable_packed());
  absl::StatusOr<RowBlock> block = RowBlock::Make(result.columns_, std::move(rows));
  if (!block.ok()) return block.status();
  result.rows_ = *std::move(block);
  response.clear_columns();
  response.clear_rows();
  response.clear_packed();
  result.response_ = std::move(response);
  return result;
}

}  // namespace pgsluice::client
