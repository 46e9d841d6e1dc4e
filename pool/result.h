// What comes back from a statement: columns, cells, command result, and the sink that
// takes rows straight from the reader.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "pool/statement.h"
#include "pool/wal_position.h"

namespace pgsluice {

struct ColumnInfo {
  std::string name;
  TypeOid type_oid = 0;
  int32_t type_modifier = -1;
  TypeOid table_oid = 0;     // 0: computed.
  int32_t table_column = 0;  // From 1; 0: computed.
};

// One cell in PostgreSQL's text format; valid only during the call it is passed to.
struct Cell {
  const char* data = nullptr;
  int32_t length = -1;  // -1: NULL.
};

struct NoticeInfo {
  std::string severity;
  std::string sqlstate;
  std::string message;
};

// Facts known once a statement has ended well.
struct CommandResult {
  std::string command_tag;
  uint64_t rows_affected = 0;  // INSERT, UPDATE, DELETE, MERGE; else 0.
  std::vector<NoticeInfo> notices;
  // Not before the commit, if it was asked for (Execution::wants_position). Absent when
  // the session went, or the answer, before it was there.
  std::optional<WalPosition> position = {};
};

enum class SinkState {
  kMore,  // Go on.
  kFull,  // Give the caller a turn before the next row.
};

// Takes a result as it arrives. Called on the session's shard, while the caller is
// suspended. An error stops the statement and becomes the call's error.
class RowSink {
 public:
  virtual ~RowSink() = default;
  // Once per statement, before any row; no columns for one that returns no rows.
  virtual absl::Status OnColumns(const std::vector<ColumnInfo>& columns) = 0;
  // One cell per column.
  virtual absl::StatusOr<SinkState> OnRow(std::span<const Cell> row) = 0;
};

}  // namespace pgsluice
