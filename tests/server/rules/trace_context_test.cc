#include "server/trace_context.h"

#include <string>

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

constexpr std::string_view kGood =
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
constexpr std::string_view kTraceId = "0af7651916cd43dd8448eb211c80319c";

TEST(TraceContextTest, TakesTheTraceIdOfAGoodHeader) {
  EXPECT_EQ(TraceIdOf(kGood), kTraceId);
  EXPECT_EQ(TraceIdOf("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"),
            kTraceId);
}

TEST(TraceContextTest, TakesLaterVersionsThatSayMore) {
  EXPECT_EQ(TraceIdOf("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            kTraceId);
  EXPECT_EQ(TraceIdOf("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what"),
            kTraceId);
}

TEST(TraceContextTest, RefusesEverythingElse) {
  for (const std::string_view header : {
           "",
           "00",
           "0af7651916cd43dd8448eb211c80319c",
           "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "0g-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n",
           "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x",
           "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "00-00000000000000000000000000000000-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333\"-01",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
           "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331_01",
       }) {
    EXPECT_EQ(TraceIdOf(header), "") << header;
  }
}

// Whatever byte is not what it should be, nothing gets through.
TEST(TraceContextTest, RefusesAWrongByteAnywhere) {
  for (size_t i = 0; i < kGood.size(); ++i) {
    for (const char wrong : {'\n', '\0', ' ', '"', 'G', '\x80'}) {
      std::string header(kGood);
      header[i] = wrong;
      EXPECT_EQ(TraceIdOf(header), "") << i;
    }
  }
}

}  // namespace
}  // namespace pgsluice
