#include "pool/hex.h"

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

TEST(HexTest, ReadsPairsOfDigits) {
  EXPECT_EQ(BytesOfHex(""), "");
  EXPECT_EQ(BytesOfHex("00fF7a"), std::string("\0\xff\x7a", 3));
}

TEST(HexTest, RefusesWhatIsNone) {
  for (const char* digits : {"0", "0g", "g0", " 0", "\\x00", "0x"}) {
    EXPECT_EQ(BytesOfHex(digits), std::nullopt) << digits;
  }
}

}  // namespace
}  // namespace pgsluice
