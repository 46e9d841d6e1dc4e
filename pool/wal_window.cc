#include "pool/wal_window.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace pgsluice {

namespace {

// Of a page, in PostgreSQL 9.3 and later: the first page of a segment has the long one.
constexpr uint64_t kPageHeader = 24;
constexpr uint64_t kSegmentHeader = 40;
constexpr uint64_t kLogSize = uint64_t{1} << 32;

}  // namespace

std::vector<WalPiece> PiecesBefore(uint64_t lsn, const WalLayout& layout) {
  std::vector<WalPiece> pieces;
  uint64_t position = lsn - std::min(lsn, kNoteWindow);
  while (position < lsn) {
    const uint64_t offset = position % layout.segment_size;
    const uint64_t length = std::min(lsn - position, layout.segment_size - offset);
    pieces.push_back(
        {.segment = position / layout.segment_size, .offset = offset, .length = length});
    position += length;
  }
  return pieces;
}

std::string SegmentName(uint32_t timeline, uint64_t segment, const WalLayout& layout) {
  const uint64_t per_log = kLogSize / layout.segment_size;
  return absl::StrFormat("%08X%08X%08X", timeline, segment / per_log, segment % per_log);
}

bool WalHolds(std::string_view bytes, uint64_t begin, std::string_view text,
              const WalLayout& layout) {
  std::string records;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const uint64_t position = begin + i;
    const uint64_t in_page = position % layout.block_size;
    const bool is_first_page = position % layout.segment_size < layout.block_size;
    if (in_page < (is_first_page ? kSegmentHeader : kPageHeader)) continue;
    records.push_back(bytes[i]);
  }
  return records.find(text) != std::string::npos;
}

}  // namespace pgsluice
