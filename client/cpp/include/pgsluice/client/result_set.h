// The whole result of one statement.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"

#include "pgsluice/client/row.h"
#include "pgsluice/client/row_block.h"
#include "pgsluice/v1/query.pb.h"

namespace pgsluice::client {

// Rows are views into it: they live no longer than the ResultSet.
class ResultSet final {
 public:
  // Refuses a response whose rows do not add up.
  static absl::StatusOr<ResultSet> FromResponse(v1::QueryResponse response);

  const Columns& columns() const { return *columns_; }
  size_t size() const { return rows_.size(); }
  bool empty() const { return rows_.size() == 0; }
  Row operator[](size_t index) const { return rows_[index]; }
  RowBlock::Iterator begin() const { return rows_.begin(); }
  RowBlock::Iterator end() const { return rows_.end(); }

  // Rows that INSERT, UPDATE, DELETE or MERGE touched.
  uint64_t rows_affected() const { return response_.rows_affected(); }
  const std::string& command_tag() const { return response_.command_tag(); }
  const google::protobuf::RepeatedPtrField<v1::Notice>& notices() const {
    return response_.notices();
  }
  // The statement did not run: this is what was recorded when it did, with the same
  // QueryOptions::idempotency_key.
  bool replayed() const { return response_.replayed(); }
  // Of a write: makes a later read see it (QueryOptions::at_least). Empty: not a write,
  // or the gateway hands out none; within a transaction, see Transaction::token.
  const std::string& token() const { return response_.token(); }
  // Only with QueryOptions::report.
  const v1::Route& route() const { return response_.route(); }
  const v1::Timing& timing() const { return response_.timing(); }

 private:
  ResultSet() = default;

  // Shared with the rows' block, so that both survive a move.
  std::shared_ptr<const Columns> columns_;
  RowBlock rows_;
  v1::QueryResponse response_;  // Without columns and rows.
};

}  // namespace pgsluice::client
