#include "server/tracing/trace_context.h"

#include <string>

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

constexpr std::string_view kGood =
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
constexpr std::string_view kTraceId = "0af7651916cd43dd8448eb211c80319c";
constexpr std::string_view kSpanId = "b7ad6b7169203331";

TEST(TraceContextTest, TakesAGoodHeaderApart) {
  const auto parent = ParseTraceParent(kGood);

  ASSERT_TRUE(parent.has_value());
  EXPECT_EQ(HexOf(parent->trace_id), kTraceId);
  EXPECT_EQ(HexOf(parent->span_id), kSpanId);
  EXPECT_TRUE(parent->is_sampled);
}

TEST(TraceContextTest, TakesTheSampledFlagAndNoOther) {
  struct Case {
    std::string_view flags;
    bool is_sampled;
  };
  for (const Case& c : {Case{"00", false}, Case{"01", true}, Case{"02", false},
                        Case{"03", true}, Case{"fe", false}, Case{"ff", true}}) {
    std::string header(kGood);
    header.replace(53, 2, c.flags);
    const auto parent = ParseTraceParent(header);
    ASSERT_TRUE(parent.has_value()) << header;
    EXPECT_EQ(parent->is_sampled, c.is_sampled) << header;
  }
}

TEST(TraceContextTest, TakesLaterVersionsThatSayMore) {
  for (const std::string_view header :
       {"01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what"}) {
    const auto parent = ParseTraceParent(header);
    ASSERT_TRUE(parent.has_value()) << header;
    EXPECT_EQ(HexOf(parent->trace_id), kTraceId);
  }
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
    EXPECT_FALSE(ParseTraceParent(header).has_value()) << header;
  }
}

// Whatever byte is not what it should be, nothing gets through.
TEST(TraceContextTest, RefusesAWrongByteAnywhere) {
  for (size_t i = 0; i < kGood.size(); ++i) {
    for (const char wrong : {'\n', '\0', ' ', '"', 'G', '\x80'}) {
      std::string header(kGood);
      header[i] = wrong;
      EXPECT_FALSE(ParseTraceParent(header).has_value()) << i;
    }
  }
}

TEST(TraceContextTest, PassesOnlyPrintableStatesOn) {
  EXPECT_TRUE(IsTraceState(""));
  EXPECT_TRUE(IsTraceState("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"));
  EXPECT_TRUE(IsTraceState(std::string(kMaxTraceStateBytes, 'x')));
  EXPECT_FALSE(IsTraceState(std::string(kMaxTraceStateBytes + 1, 'x')));
  EXPECT_FALSE(IsTraceState("a=b\n"));
  EXPECT_FALSE(IsTraceState("a=\xc3\xa4"));
}

TEST(TraceIdsTest, NoneHasNoText) {
  EXPECT_EQ(HexOf(TraceId()), "");
  EXPECT_EQ(HexOf(SpanId()), "");
}

}  // namespace
}  // namespace pgsluice
