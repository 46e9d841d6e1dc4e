#include "pool/write_token.h"

#include "gtest/gtest.h"

#include "pool/commit_outcome.h"
#include "pool/write_position.h"

namespace pgsluice {
namespace {

constexpr uint64_t kCluster = 7'300'000'000'000'000'001u;

std::string Token(uint32_t timeline, uint64_t lsn, uint64_t cluster = kCluster) {
  return EncodeToken({.system_identifier = cluster, .position = {timeline, lsn}});
}

TEST(WriteTokenTest, ComesBackAsItWent) {
  const WriteToken tokens[] = {
      {kCluster, {1, 1}}, {0, {1, 0x3028878}}, {UINT64_MAX, {UINT32_MAX, UINT64_MAX}}};
  for (const WriteToken& token : tokens) {
    const std::string bytes = EncodeToken(token);
    EXPECT_EQ(bytes.size(), kTokenBytes);
    EXPECT_EQ(DecodeToken(bytes), token);
  }
}

TEST(WriteTokenTest, AnyByteThatDiffersIsFoundOut) {
  const std::string good = Token(3, 0x1'2345'6789);
  for (size_t i = 0; i < good.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ 1 << bit);
      EXPECT_FALSE(DecodeToken(bad).has_value()) << "byte " << i << ", bit " << bit;
    }
  }
}

TEST(WriteTokenTest, RubbishIsNone) {
  const std::string good = Token(1, 100);
  const std::string rubbish[] = {"",
                                 "x",
                                 good.substr(1),
                                 good + "x",
                                 std::string(kTokenBytes, '\0'),
                                 std::string(kTokenBytes, '\xff'),
                                 Token(0, 100),
                                 Token(1, 0)};
  for (const std::string& bytes : rubbish) {
    EXPECT_FALSE(DecodeToken(bytes).has_value()) << bytes.size();
  }
}

TEST(WriteTokenTest, TheLaterOneIsTheGreaterStringOfBytes) {
  EXPECT_LT(Token(1, 0xff), Token(1, 0x100));
  EXPECT_LT(Token(1, 0x7fffffff), Token(1, 0x80000000));
  EXPECT_LT(Token(1, UINT64_MAX), Token(2, 1));
  EXPECT_LT(Token(9, 1), Token(10, 1));
}

Cell CellOf(const std::string& text) {
  return {.data = text.data(), .length = static_cast<int32_t>(text.size())};
}

std::optional<WalPosition> Take(const std::string& lsn, const std::string& file) {
  WritePositionSink sink;
  EXPECT_TRUE(sink.OnColumns({}).ok());
  const Cell row[] = {CellOf(lsn), CellOf(file)};
  EXPECT_TRUE(sink.OnRow(row).ok());
  return sink.position();
}

TEST(WritePositionTest, IsReadFromTheAnswer) {
  EXPECT_EQ(Take("0/3028878", "000000020000000000000003"), (WalPosition{2, 0x3028878}));
  EXPECT_EQ(Take("16/B374D848", "0000000A0000001600000059"),
            (WalPosition{10, 0x16'B374'D848}));
}

TEST(WritePositionTest, WhatMakesNoSenseIsNone) {
  EXPECT_FALSE(Take("", "000000020000000000000003").has_value());
  EXPECT_FALSE(Take("0/3028878", "").has_value());
  EXPECT_FALSE(Take("0/3028878", "zzzzzzzz0000000000000003").has_value());
  WritePositionSink sink;
  EXPECT_TRUE(sink.OnRow({}).ok());
  EXPECT_FALSE(sink.position().has_value());
}

TEST(WritePositionTest, AForgottenAnswerIsNotTakenForTheNext) {
  WritePositionSink sink;
  const std::string lsn = "0/100";
  const std::string file = "000000010000000000000000";
  const Cell row[] = {CellOf(lsn), CellOf(file)};
  ASSERT_TRUE(sink.OnRow(row).ok());
  ASSERT_TRUE(sink.position().has_value());
  ASSERT_TRUE(sink.OnColumns({}).ok());

  EXPECT_FALSE(sink.position().has_value());
}

// Else a read would wait for the header of a page that an idle primary never writes.
TEST(WritePositionTest, BehindThePageHeaderIsTheEndOfThePageBefore) {
  EXPECT_EQ(EndOfLastRecord(0x3002000 + 24), 0x3002000u);
  EXPECT_EQ(EndOfLastRecord(0x4000000 + 40), 0x4000000u) << "first page of a file";
  EXPECT_EQ(EndOfLastRecord(0x3002000 + 32), 0x3002000u + 32);
  EXPECT_EQ(EndOfLastRecord(0x3002000 + 40), 0x3002000u + 40) << "another page";
  EXPECT_EQ(EndOfLastRecord(0x3028878), 0x3028878u);
}

}  // namespace
}  // namespace pgsluice
