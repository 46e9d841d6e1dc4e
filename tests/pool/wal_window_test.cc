#include "pool/wal_window.h"

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

constexpr WalLayout kLayout;
constexpr uint64_t kSegment = 16 * 1024 * 1024;
constexpr char kNote[] = "0123456789abcdef0123456789abcdef";

TEST(PiecesBefore, ReadsOnePieceWithinASegment) {
  const auto pieces = PiecesBefore(5 * kSegment + 4096, kLayout);
  ASSERT_EQ(pieces.size(), 1U);
  EXPECT_EQ(pieces[0].segment, 5U);
  EXPECT_EQ(pieces[0].offset, 4096 - kNoteWindow);
  EXPECT_EQ(pieces[0].length, kNoteWindow);
}

TEST(PiecesBefore, ReadsTwoAcrossSegmentsAndOneUpToTheEnd) {
  const auto across = PiecesBefore(5 * kSegment + 100, kLayout);
  ASSERT_EQ(across.size(), 2U);
  EXPECT_EQ(across[0].segment, 4U);
  EXPECT_EQ(across[0].offset, kSegment - (kNoteWindow - 100));
  EXPECT_EQ(across[0].length, kNoteWindow - 100);
  EXPECT_EQ(across[1].segment, 5U);
  EXPECT_EQ(across[1].offset, 0U);
  EXPECT_EQ(across[1].length, 100U);

  const auto at_the_end = PiecesBefore(5 * kSegment, kLayout);
  ASSERT_EQ(at_the_end.size(), 1U);
  EXPECT_EQ(at_the_end[0].segment, 4U);
}

TEST(PiecesBefore, StopsAtTheBeginning) {
  const auto pieces = PiecesBefore(100, kLayout);
  ASSERT_EQ(pieces.size(), 1U);
  EXPECT_EQ(pieces[0].length, 100U);
  EXPECT_TRUE(PiecesBefore(0, kLayout).empty());
}

TEST(SegmentName, IsPostgreSQLs) {
  EXPECT_EQ(SegmentName(1, 3, kLayout), "000000010000000000000003");
  EXPECT_EQ(SegmentName(0x1A, 0x1FF, kLayout), "0000001A00000001000000FF");
  EXPECT_EQ(SegmentName(1, 5, {.segment_size = 1 << 30, .block_size = 8192}),
            "000000010000000100000001");
}

TEST(WalHolds, FindsANoteInOnePiece) {
  const std::string bytes = std::string(40, 'x') + kNote + std::string(8, '\0');
  EXPECT_TRUE(WalHolds(bytes, kSegment + 1000, kNote, kLayout));
  EXPECT_FALSE(WalHolds(bytes, kSegment + 1000, "another", kLayout));
  EXPECT_FALSE(WalHolds("", kSegment, kNote, kLayout));
}

// A page begins with 24 bytes that belong to no record, a segment with 40.
TEST(WalHolds, FindsANoteAroundAPageHeader) {
  const std::string note = kNote;
  for (size_t before = 0; before <= note.size(); ++before) {
    const std::string head = std::string(8, 'x') + note.substr(0, before);
    const std::string tail = note.substr(before) + std::string(8, 'y');
    const uint64_t page = kSegment + 3 * 8192;
    EXPECT_TRUE(
        WalHolds(head + std::string(24, 'h') + tail, page - head.size(), note, kLayout))
        << before;
    EXPECT_TRUE(WalHolds(head + std::string(40, 'h') + tail, 2 * kSegment - head.size(),
                         note, kLayout))
        << before;
  }
}

// A window may begin within a header.
TEST(WalHolds, SkipsAHeaderThatBeganBefore) {
  EXPECT_FALSE(WalHolds(kNote, kSegment + 8, kNote, kLayout));
  EXPECT_TRUE(WalHolds(std::string(32, 'h') + kNote, kSegment + 8, kNote, kLayout));
}

}  // namespace
}  // namespace pgsluice
