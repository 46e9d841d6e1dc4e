// Asks, on the session of a write that has just been committed, for a place in the WAL
// that is not before its commit. Rules file.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "pool/result.h"
#include "pool/statement.h"
#include "pool/wal_position.h"

namespace pgsluice {

// PostgreSQL 10 and later; on a primary.
const Statement& WritePositionStatement();

// Takes the answer to WritePositionStatement.
class WritePositionSink final : public RowSink {
 public:
  absl::Status OnColumns(const std::vector<ColumnInfo>& columns) override;
  absl::StatusOr<SinkState> OnRow(std::span<const Cell> row) override;

  // Absent when there was no row, or it made no sense.
  const std::optional<WalPosition>& position() const { return position_; }

 private:
  std::optional<WalPosition> position_;
};

// Where the next record goes is behind the header of its page; where the last one ended,
// as a replica tells it, is not. Of the two, the latter: nothing lies between them.
uint64_t EndOfLastRecord(uint64_t next_record);

}  // namespace pgsluice
