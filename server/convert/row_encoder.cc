#include "server/convert/row_encoder.h"

#include <string>
#include <string_view>

#include "pool/error.h"
#include "server/convert/result_to_proto.h"

namespace pgsluice {
namespace {

constexpr size_t kCellOverheadBytes = 2;
constexpr size_t kRowOverheadBytes = 2;
// What a row may go beyond the target before the buffer must grow.
constexpr size_t kReserveSlackBytes = 4096;

}  // namespace

void RowEncoder::SetColumns(const std::vector<ColumnInfo>& columns) {
  decoders_.clear();
  if (is_packed_) return;
  decoders_.reserve(columns.size());
  for (const ColumnInfo& column : columns) decoders_.emplace_back(column.type_oid);
}

void RowEncoder::EncodeRow(std::span<const Cell> cells, v1::Row& row) const {
  auto& values = *row.mutable_values();
  values.Reserve(static_cast<int>(cells.size()));
  for (size_t i = 0; i < cells.size(); ++i) {
    v1::Value& value = *values.Add();
    if (cells[i].length < 0) {
      value.set_null(v1::NULL_VALUE_UNSPECIFIED);
    } else {
      const size_t length = static_cast<size_t>(cells[i].length);
      decoders_[i].Decode(std::string_view(cells[i].data, length), value);
    }
  }
}

void RowEncoder::AppendRow(std::span<const Cell> cells, v1::PackedRows& rows) {
  std::string& data = *rows.mutable_data();
  auto& lengths = *rows.mutable_lengths();
  for (const Cell& cell : cells) {
    lengths.Add(cell.length < 0 ? -1 : cell.length);
    if (cell.length > 0) data.append(cell.data, static_cast<size_t>(cell.length));
  }
}

size_t RowEncoder::RowBytes(std::span<const Cell> cells) {
  size_t bytes = kRowOverheadBytes + kCellOverheadBytes * cells.size();
  for (const Cell& cell : cells) {
    if (cell.length > 0) bytes += static_cast<size_t>(cell.length);
  }
  return bytes;
}

QueryRows::QueryRows(v1::RowEncoding encoding, const ResultLimits& limits,
                     v1::QueryResponse& response)
    : limits_(limits), response_(response), encoder_(encoding) {}

absl::Status QueryRows::OnColumns(const std::vector<ColumnInfo>& columns) {
  ColumnsToProto(columns, *response_.mutable_columns());
  encoder_.SetColumns(columns);
  response_.clear_rows();
  response_.clear_packed();
  response_.set_row_count(0);
  bytes_ = 0;
  if (encoder_.is_packed() && !columns.empty()) response_.mutable_packed();
  return absl::OkStatus();
}

absl::StatusOr<SinkState> QueryRows::OnRow(std::span<const Cell> row) {
  if (response_.row_count() >= limits_.max_rows) {
    return ResultTooLarge("max_rows", limits_.max_rows);
  }
  bytes_ += RowEncoder::RowBytes(row);
  if (bytes_ > limits_.max_bytes) return ResultTooLarge("max_bytes", limits_.max_bytes);

  if (encoder_.is_packed()) {
    RowEncoder::AppendRow(row, *response_.mutable_packed());
  } else {
    encoder_.EncodeRow(row, *response_.add_rows());
  }
  response_.set_row_count(response_.row_count() + 1);
  return SinkState::kMore;
}

StreamRowsBuilder::StreamRowsBuilder(v1::RowEncoding encoding, size_t target_bytes,
                                     const ResultLimits& limits)
    : target_bytes_(target_bytes), limits_(limits), encoder_(encoding) {}

absl::Status StreamRowsBuilder::OnColumns(const std::vector<ColumnInfo>& columns) {
  ColumnsToProto(columns, columns_);
  encoder_.SetColumns(columns);
  has_columns_ = true;
  total_rows_ = 0;
  total_bytes_ = 0;
  Clear();
  return absl::OkStatus();
}

absl::StatusOr<SinkState> StreamRowsBuilder::OnRow(std::span<const Cell> row) {
  // PostgreSQL's rows are under 1 GiB, so that any row fits a message (2 GiB).
  const size_t bytes = RowEncoder::RowBytes(row);
  if (limits_.max_rows != 0 && total_rows_ >= limits_.max_rows) {
    return ResultTooLarge("max_rows", limits_.max_rows);
  }
  if (limits_.max_bytes != 0 && total_bytes_ + bytes > limits_.max_bytes) {
    return ResultTooLarge("max_bytes", limits_.max_bytes);
  }
  bytes_ += bytes;
  total_bytes_ += bytes;

  if (encoder_.is_packed()) {
    RowEncoder::AppendRow(row, *rows_.mutable_packed());
  } else {
    encoder_.EncodeRow(row, *rows_.add_rows());
  }
  rows_.set_row_count(rows_.row_count() + 1);
  ++total_rows_;
  return bytes_ >= target_bytes_ ? SinkState::kFull : SinkState::kMore;
}

void StreamRowsBuilder::TakeRows(v1::StreamRows& rows) {
  rows.Swap(&rows_);
  Clear();
}

// Part by part: Clear() of the whole message would give its memory back.
void StreamRowsBuilder::Clear() {
  bytes_ = 0;
  rows_.clear_rows();
  rows_.set_row_count(0);
  if (!encoder_.is_packed()) {
    rows_.clear_packed();
    return;
  }
  v1::PackedRows& packed = *rows_.mutable_packed();
  packed.clear_lengths();
  packed.mutable_data()->clear();
  packed.mutable_data()->reserve(target_bytes_ + kReserveSlackBytes);
}

}  // namespace pgsluice
