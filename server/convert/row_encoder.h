// Writes rows into messages, straight from the reader: a whole result (QueryRows) or a
// message at a time (StreamRowsBuilder). Confined to the call's shard.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "pgsluice/v1/query.pb.h"
#include "pgsluice/v1/value.pb.h"
#include "pool/result.h"
#include "server/convert/cell_decoder.h"

namespace pgsluice {

// The conversion both sinks share: columns, and rows in either encoding.
class RowEncoder final {
 public:
  explicit RowEncoder(v1::RowEncoding encoding)
      : is_packed_(encoding == v1::ROW_ENCODING_PACKED) {}

  bool is_packed() const { return is_packed_; }
  void SetColumns(const std::vector<ColumnInfo>& columns);
  void EncodeRow(std::span<const Cell> cells, v1::Row& row) const;
  static void AppendRow(std::span<const Cell> cells, v1::PackedRows& rows);
  // What a row counts against limits in bytes: its cells, and two bytes for each of them
  // and for itself, about what it takes on the wire.
  static size_t RowBytes(std::span<const Cell> cells);

 private:
  bool is_packed_;
  std::vector<CellDecoder> decoders_;  // One per column; none when packed.
};

struct ResultLimits {
  uint64_t max_rows = 0;
  uint64_t max_bytes = 0;  // As RowEncoder::RowBytes counts.

  bool operator==(const ResultLimits&) const = default;
};

// Fills columns, rows and row_count of `response`, which must outlive this. A result over
// a limit is ResultTooLarge.
class QueryRows final : public RowSink {
 public:
  QueryRows(v1::RowEncoding encoding, const ResultLimits& limits,
            v1::QueryResponse& response);

  absl::Status OnColumns(const std::vector<ColumnInfo>& columns) override;
  absl::StatusOr<SinkState> OnRow(std::span<const Cell> row) override;

  uint64_t bytes() const { return bytes_; }  // As RowEncoder::RowBytes counts.

 private:
  const ResultLimits limits_;
  v1::QueryResponse& response_;
  RowEncoder encoder_;
  uint64_t bytes_ = 0;
};

// Collects rows up to a message's size, then answers kFull; TakeRows hands them out and
// makes room for the next.
class StreamRowsBuilder final : public RowSink {
 public:
  static constexpr size_t kTargetBytes = 64 * 1024;

  // `limits`: of the whole result; a limit of 0 is none.
  explicit StreamRowsBuilder(v1::RowEncoding encoding, size_t target_bytes = kTargetBytes,
                             const ResultLimits& limits = {});

  absl::Status OnColumns(const std::vector<ColumnInfo>& columns) override;
  absl::StatusOr<SinkState> OnRow(std::span<const Cell> row) override;

  bool has_columns() const { return has_columns_; }  // OnColumns was called.
  const google::protobuf::RepeatedPtrField<v1::Column>& columns() const {
    return columns_;
  }
  bool has_rows() const { return rows_.row_count() != 0; }
  uint64_t total_rows() const { return total_rows_; }
  uint64_t total_bytes() const {
    return total_bytes_;
  }  // As RowEncoder::RowBytes counts.

  // Swaps what was collected into `rows`, and takes its memory for what comes next: give
  // the same message each time, and a long stream allocates little. `rows` must not be on
  // an arena.
  void TakeRows(v1::StreamRows& rows);

 private:
  void Clear();

  const size_t target_bytes_;
  const ResultLimits limits_;
  RowEncoder encoder_;
  bool has_columns_ = false;
  google::protobuf::RepeatedPtrField<v1::Column> columns_;
  v1::StreamRows rows_;
  size_t bytes_ = 0;
  uint64_t total_rows_ = 0;
  uint64_t total_bytes_ = 0;
};

}  // namespace pgsluice
