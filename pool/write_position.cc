#include "pool/write_position.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"

#include "pool/commit_outcome.h"

namespace pgsluice {

namespace {

// The control file's timeline lags after a promotion; the WAL file's name does not.
constexpr char kWritePosition[] = R"sql(
SELECT pg_catalog.pg_current_wal_insert_lsn(),
       pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn())
)sql";
constexpr size_t kColumns = 2;
constexpr size_t kTimelineDigits = 8;  // That a WAL file's name begins with.

// Of a WAL page, and of the first page of a file.
constexpr uint64_t kShortHeader = 24;
constexpr uint64_t kLongHeader = 40;
// The smallest there are: larger ones begin at multiples of these. A record is longer
// than the headers, and so cannot end that close behind where one only might be.
constexpr uint64_t kPage = 1024;
constexpr uint64_t kFile = 1024 * 1024;

std::string_view TextOf(const Cell& cell) {
  return {cell.data, static_cast<size_t>(std::max(cell.length, 0))};
}

}  // namespace

const Statement& WritePositionStatement() {
  static const Statement* const kStatement = new Statement{
      .sql = kWritePosition, .parameters = {}, .kind = StatementKind::kPlain};
  return *kStatement;
}

absl::Status WritePositionSink::OnColumns(const std::vector<ColumnInfo>& /*columns*/) {
  position_.reset();
  return absl::OkStatus();
}

absl::StatusOr<SinkState> WritePositionSink::OnRow(std::span<const Cell> row) {
  if (row.size() != kColumns) return SinkState::kMore;
  const std::optional<uint64_t> lsn = ParseLsn(TextOf(row[0]));
  const std::string_view file = TextOf(row[1]).substr(0, kTimelineDigits);
  WalPosition position;
  if (lsn.has_value() && absl::SimpleHexAtoi(absl::string_view(file.data(), file.size()),
                                             &position.timeline)) {
    position.lsn = EndOfLastRecord(*lsn);
    position_ = position;
  }
  return SinkState::kMore;
}

uint64_t EndOfLastRecord(uint64_t next_record) {
  if (next_record % kFile == kLongHeader) return next_record - kLongHeader;
  if (next_record % kPage == kShortHeader) return next_record - kShortHeader;
  return next_record;
}

}  // namespace pgsluice
