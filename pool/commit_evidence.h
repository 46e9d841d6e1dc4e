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

// SQL expression: names a run of the server, by the times of the postmaster's start and
// of the last reset of the statistics. A crash resets them even when the postmaster lives
// on. Null when PostgreSQL has noted no reset.
#define PGSLUICE_INCARNATION_SQL                     \
  "pg_catalog.textcat("                              \
  "pg_catalog.encode(pg_catalog.timestamptz_send("   \
  "pg_catalog.pg_postmaster_start_time()), 'hex'), " \
  "pg_catalog.encode(pg_catalog.timestamptz_send("   \
  "pg_catalog.pg_stat_get_bgwriter_stat_reset_time()), 'hex'))"

// To be run just before COMMIT. One row for a transaction that has written something,
// none for others. Writes `note` (ASCII, not used before) into the WAL in the
// transaction's name: where that is replayed, nobody else is given its id. PostgreSQL 13
// and later.
Statement NoteEvidenceStatement(const std::string& note);

// Takes the statement's result.
class EvidenceSink final : public RowSink {
 public:
  // `system_identifier` of the cluster that the session belongs to.
  EvidenceSink(std::string system_identifier, std::string note)
      : system_identifier_(std::move(system_identifier)), note_(std::move(note)) {}

  absl::Status OnColumns(const std::vector<ColumnInfo>& columns) override;
  absl::StatusOr<SinkState> OnRow(std::span<const Cell> row) override;

  // Absent when the transaction has written nothing, and as long as there is no result.
  const std::optional<CommitEvidence>& evidence() const { return evidence_; }

 private:
  const std::string system_identifier_;
  const std::string note_;
  std::optional<CommitEvidence> evidence_;
};

}  // namespace pgsluice
