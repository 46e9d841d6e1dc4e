#include "server/config/suggestion.h"

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

const std::vector<std::string> kKnown = {"min_size", "max_size", "idle_timeout"};

TEST(Suggestion, NamesTheNearest) {
  EXPECT_EQ(Nearest("max_sise", kKnown), "max_size");
  EXPECT_EQ(Nearest("maxsize", kKnown), "max_size");
  EXPECT_EQ(Nearest("MIN_SIZE", kKnown), "min_size");
  EXPECT_EQ(Nearest("idle_tiemout", kKnown), "idle_timeout");
  EXPECT_EQ(DidYouMean("max_sise", kKnown), " (did you mean \"max_size\"?)");
}

TEST(Suggestion, IsSilentWhenNothingIsNear) {
  EXPECT_EQ(DidYouMean("colour", kKnown), "");
  EXPECT_EQ(DidYouMean("", kKnown), "");
  EXPECT_EQ(DidYouMean("x", kKnown), "");
}

}  // namespace
}  // namespace pgsluice
