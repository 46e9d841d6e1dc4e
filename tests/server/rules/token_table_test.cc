#include "server/token_table.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Of "secret", and of "other".
constexpr char kSecret[] =
    "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
constexpr char kOther[] =
    "d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa";

TEST(TokenTableTest, KnowsCallersByTheirTokens) {
  const auto table = TokenTable::Parse(std::string("# tokens\n\n") + kSecret +
                                       "  billing\r\n" + kOther + " *spiffe://a/b\n");

  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->size(), 2u);
  EXPECT_EQ(table->CallerOf("secret"), "billing");
  EXPECT_EQ(table->CallerOf("other"), "spiffe://a/b");
  EXPECT_EQ(table->CallerOf("Secret"), std::nullopt);
  EXPECT_EQ(table->CallerOf(""), std::nullopt);
  EXPECT_EQ(table->CallerOf(kSecret), std::nullopt) << "the hash is no token";
}

TEST(TokenTableTest, ACallerMayHaveSeveralTokens) {
  const auto table = TokenTable::Parse(std::string(kSecret) + " a\n" + kOther + " a\n");

  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->CallerOf("secret"), table->CallerOf("other"));
}

TEST(TokenTableTest, SaysWhichLineIsWrongAndNeverWhatItHolds) {
  struct Case {
    std::string text;
    std::string_view why;
  };
  const Case cases[] = {
      {"topsecret billing", "line 1: the hash has not"},
      {"\ntopsecret", "line 2: expected"},
      {std::string(kSecret) + " a topsecret", "line 1: expected"},
      {std::string(kSecret) + " -", "line 1: the name may hold"},
      {std::string(kSecret) + " *", "line 1: the name may hold"},
      {std::string(kSecret) + " top\x1bsecret", "line 1: the name may hold"},
      {std::string(63, 'a') + "g a", "line 1: the hash holds what is no"},
      {std::string(kSecret) + " a\n" + kSecret + " b", "line 2: the same token"},
  };
  for (const Case& c : cases) {
    const auto table = TokenTable::Parse(c.text);
    ASSERT_FALSE(table.ok()) << c.text;
    const std::string message(table.status().message());
    EXPECT_THAT(message, HasSubstr(std::string(c.why)));
    EXPECT_THAT(message, Not(HasSubstr("topsecret")));
  }
}

}  // namespace
}  // namespace pgsluice
