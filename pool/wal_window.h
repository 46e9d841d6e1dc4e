// A stretch of WAL as it lies in PostgreSQL's files, and what was written into it. Rules
// file.
//
// After a crash the server goes on from the end of what had reached the disk, and writes
// other records where the lost ones were: an LSN alone does not name a record. So a note
// is looked for by its text, at its place.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pgsluice {

// How the server cuts its WAL, in bytes.
struct WalLayout {
  uint64_t segment_size = 16 * 1024 * 1024;
  uint64_t block_size = 8192;
};

// Of one segment file.
struct WalPiece {
  uint64_t segment = 0;  // Number, from 0.
  uint64_t offset = 0;
  uint64_t length = 0;
};

// Before a note's end: enough for the record, and for a page header within.
inline constexpr uint64_t kNoteWindow = 512;

// What to read of which files to see the kNoteWindow bytes that end at `lsn`: one piece,
// or two where it spans segments.
std::vector<WalPiece> PiecesBefore(uint64_t lsn, const WalLayout& layout);

// "0000000100000000000000A3".
std::string SegmentName(uint32_t timeline, uint64_t segment, const WalLayout& layout);

// `bytes` begin at LSN `begin`. Whether a record in them holds `text`, perhaps in two
// parts with a page header between.
bool WalHolds(std::string_view bytes, uint64_t begin, std::string_view text,
              const WalLayout& layout);

}  // namespace pgsluice
