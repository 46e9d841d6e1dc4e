// Notes, on a transaction's own session, what JudgeCommit will need if its COMMIT is not
// answered. Rules file.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pool/commit_outcome.h"
#include "pool/result.h"
#include "pool/statement.h"

namespace pgsluice {

// To be run just before COMMIT. One row for a transaction that has written something,
// none for others. Writes a small WAL record in the transaction's name: where that is
// replayed, nobody else is given its id. PostgreSQL 13 and later.
Statement NoteEvidenceStatement();

// Takes the statement's result.
class EvidenceSink final : public RowSink {
 public:
  // Of the cluster that the session belongs to.
  explicit EvidenceSink(std::string system_identifier)
      : system_identifier_(std::move(system_identifier)) {}

  absl::Status OnColumns(const std::vector<ColumnInfo>& columns) override;
  absl::StatusOr<SinkState> OnRow(std::span<const Cell> row) override;

  // Absent when the transaction has written nothing, and as long as there is no result.
  const std::optional<CommitEvidence>& evidence() const { return evidence_; }

 private:
  const std::string system_identifier_;
  std::optional<CommitEvidence> evidence_;
};

}  // namespace pgsluice
