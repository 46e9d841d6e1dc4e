#include "pool/control/wal_reader.h"

#include <algorithm>

#include "absl/strings/str_format.h"

#include "pool/hex.h"

namespace pgsluice {

namespace {

// Needs the right to execute the function: pg_read_server_files, or a GRANT.
constexpr char kReadFile[] = R"sql(
SELECT pg_catalog.encode(
         pg_catalog.pg_read_binary_file('pg_wal/' || $1, $2, $3, true), 'hex')
)sql";
constexpr uint64_t kLongestHistory = 1024 * 1024;

constexpr char kHowFar[] = R"sql(
SELECT pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_segment_size')) AS segment_size,
       pg_catalog.current_setting('wal_block_size')::pg_catalog.int8 AS block_size,
       pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')::pg_catalog.int8 AS inserted,
       pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_flush_lsn(), '0/0')::pg_catalog.int8 AS flushed
)sql";

constexpr char kOwnNote[] = "pgsluice looks for its own note";
constexpr char kWriteOwnNote[] = R"sql(
SELECT pg_catalog.pg_wal_lsn_diff(
         pg_catalog.pg_logical_emit_message(true, 'pgsluice', $1), '0/0')::pg_catalog.int8
)sql";

}  // namespace

NoteInWal WalReader::Find(const std::string& note, uint64_t lsn, uint32_t oldest,
                          uint32_t newest) {
  pqxx::nontransaction transaction(connection_);
  const pqxx::row far = transaction.exec1(kHowFar);
  transaction.commit();
  layout_ = {.segment_size = far["segment_size"].as<uint64_t>(),
             .block_size = far["block_size"].as<uint64_t>()};
  // A server that still had the note would have gone on from behind it.
  if (far["inserted"].as<uint64_t>() < lsn) return NoteInWal::kAbsent;
  if (far["flushed"].as<uint64_t>() < lsn) return NoteInWal::kNotOnDisk;
  switch (LookInFiles(note, lsn, oldest, newest)) {
    case Look::kUnread: return NoteInWal::kUnread;
    case Look::kPresent: return NoteInWal::kPresent;
    case Look::kAbsent: break;
  }
  return FindsOwnNote(newest) ? NoteInWal::kAbsent : NoteInWal::kUnread;
}

std::optional<std::string> WalReader::History(uint32_t timeline) {
  return ReadFile(absl::StrFormat("%08X.history", timeline), 0, kLongestHistory);
}

WalReader::Look WalReader::LookInFiles(const std::string& note, uint64_t lsn,
                                       uint32_t oldest, uint32_t newest) {
  std::string window;
  for (const WalPiece& piece : PiecesBefore(lsn, layout_)) {
    std::optional<std::string> bytes;
    // Where a timeline begins within a segment, its file has a copy of what was before.
    for (uint32_t timeline = newest; timeline >= oldest && !bytes.has_value();
         --timeline) {
      bytes = ReadFile(SegmentName(timeline, piece.segment, layout_), piece.offset,
                       piece.length);
    }
    if (!bytes.has_value() || bytes->size() != piece.length) return Look::kUnread;
    window += *bytes;
  }
  return WalHolds(window, lsn - window.size(), note, layout_) ? Look::kPresent
                                                              : Look::kAbsent;
}

std::optional<std::string> WalReader::ReadFile(const std::string& name, uint64_t offset,
                                               uint64_t length) {
  try {
    pqxx::nontransaction transaction(connection_);
    const pqxx::result read = transaction.exec_params(
        kReadFile, name, static_cast<int64_t>(offset), static_cast<int64_t>(length));
    if (read[0][0].is_null()) return std::nullopt;
    return BytesOfHex(read[0][0].as<std::string>());
  } catch (const pqxx::sql_error&) {
    return std::nullopt;
  }
}

bool WalReader::FindsOwnNote(uint32_t timeline) {
  pqxx::work transaction(connection_);
  // Its commit brings it to the files; a standby need not be awaited.
  transaction.exec0("SET LOCAL synchronous_commit = local");
  const auto lsn =
      transaction.exec_params1(kWriteOwnNote, std::string(kOwnNote))[0].as<uint64_t>();
  transaction.commit();
  return LookInFiles(kOwnNote, lsn, timeline, timeline) == Look::kPresent;
}

}  // namespace pgsluice
