#include "pool/commit_evidence.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"

#include "pool/error.h"

namespace pgsluice {

namespace {

// OFFSET 0 keeps PostgreSQL from writing the record for a transaction without an id.
constexpr char kNoteEvidence[] = R"sql(
SELECT id::pg_catalog.text,
       pg_catalog.pg_wal_lsn_diff(
         pg_catalog.pg_logical_emit_message(true, 'pgsluice', $1::pg_catalog.text), '0/0'),
       pg_catalog.substr(
         pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8),
       )sql" PGSLUICE_INCARNATION_SQL R"sql(
FROM (SELECT pg_catalog.pg_current_xact_id_if_assigned() AS id OFFSET 0) AS now
WHERE id IS NOT NULL
)sql";
constexpr size_t kColumns = 4;

absl::string_view TextOf(const Cell& cell) {
  return {cell.data, static_cast<size_t>(std::max(cell.length, 0))};
}

}  // namespace

Statement NoteEvidenceStatement(const std::string& note) {
  Parameter text;
  text.value = note;
  return {.sql = kNoteEvidence, .parameters = {text}, .kind = StatementKind::kPlain};
}

absl::Status EvidenceSink::OnColumns(const std::vector<ColumnInfo>& /*columns*/) {
  evidence_.reset();
  return absl::OkStatus();
}

absl::StatusOr<SinkState> EvidenceSink::OnRow(std::span<const Cell> row) {
  CommitEvidence evidence;
  evidence.system_identifier = system_identifier_;
  evidence.note = note_;
  if (row.size() != kColumns ||
      !absl::SimpleAtoi(TextOf(row[0]), &evidence.transaction_id) ||
      !absl::SimpleAtoi(TextOf(row[1]), &evidence.lsn) ||
      !absl::SimpleHexAtoi(TextOf(row[2]), &evidence.timeline)) {
    return Internal("the answer to the question for commit evidence makes no sense");
  }
  evidence.incarnation = std::string(TextOf(row[3]));
  evidence_ = std::move(evidence);
  return SinkState::kMore;
}

}  // namespace pgsluice
