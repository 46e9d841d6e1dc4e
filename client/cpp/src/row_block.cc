#include "pgsluice/client/row_block.h"

namespace pgsluice::client {
namespace {

absl::Status DoesNotAddUp(const char* what) {
  return absl::DataLossError(std::string("the gateway sent rows that do not add up: ") +
                             what);
}

absl::Status CheckValues(RowData& data) {
  const v1::StreamRows& message = data.message;
  if (static_cast<size_t>(message.rows_size()) != data.row_count) {
    return DoesNotAddUp("row_count differs from the rows");
  }
  for (const v1::Row& row : message.rows()) {
    if (static_cast<size_t>(row.values_size()) != data.column_count) {
      return DoesNotAddUp("a row has not as many values as there are columns");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckPacked(RowData& data) {
  const v1::PackedRows& packed = data.message.packed();
  const size_t cells = packed.lengths_size();
  if (cells != data.row_count * data.column_count) {
    return DoesNotAddUp("lengths are not rows times columns");
  }
  data.offsets.reserve(cells);
  size_t offset = 0;
  for (int32_t length : packed.lengths()) {
    if (length < -1) return DoesNotAddUp("a length is negative");
    data.offsets.push_back(offset);
    if (length > 0) offset += length;
  }
  if (offset != packed.data().size()) return DoesNotAddUp("lengths differ from the data");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RowBlock> RowBlock::Make(std::shared_ptr<const Columns> columns,
                                        v1::StreamRows message) {
  RowBlock block;
  block.data_ = std::make_unique<RowData>();
  RowData& data = *block.data_;
  data.row_count = message.row_count();
  data.column_count = columns->size();
  data.columns = std::move(columns);
  data.message = std::move(message);
  absl::Status checked =
      data.message.has_packed() ? CheckPacked(data) : CheckValues(data);
  if (!checked.ok()) return checked;
  return block;
}

}  // namespace pgsluice::client
