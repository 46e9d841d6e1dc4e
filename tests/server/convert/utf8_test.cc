#include "server/convert/utf8.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using namespace std::string_literals;

TEST(Utf8, AcceptsEveryCharacterOfUnicode) {
  for (const std::string& text :
       {""s, "a"s, "\0"s, "\x7F"s, "\xC2\x80"s, "\xDF\xBF"s, "\xE0\xA0\x80"s,
        "\xED\x9F\xBF"s, "\xEE\x80\x80"s, "\xEF\xBF\xBF"s, "\xF0\x90\x80\x80"s,
        "\xF4\x8F\xBF\xBF"s, "12345678\xC3\xA9"s, "1234567\xC3\xA9"s}) {
    EXPECT_TRUE(IsValidUtf8(text)) << text;
  }
}

TEST(Utf8, RefusesWhatIsNoCharacter) {
  for (const std::string& text :
       {"\x80"s, "\xBF"s, "\xC0\x80"s, "\xC1\xBF"s,             // Overlong, alone.
        "\xC3"s, "\xC3("s, "\xE2\x82"s, "\xE2\x82("s,           // Cut short.
        "\xE0\x9F\xBF"s, "\xF0\x8F\xBF\xBF"s,                   // Overlong.
        "\xED\xA0\x80"s, "\xED\xBF\xBF"s,                       // Surrogates.
        "\xF4\x90\x80\x80"s, "\xF5\x80\x80\x80"s, "\xFF\xFE"s,  // Beyond the end.
        "12345678abc\xFF"s, "\xF0\x90\x80"s}) {
    EXPECT_FALSE(IsValidUtf8(text)) << text;
  }
}

TEST(Utf8, ReplacesOnlyTheBytesThatAreWrong) {
  EXPECT_EQ(ToValidUtf8("a\xFF"
                        "b"),
            "a?b");
  EXPECT_EQ(ToValidUtf8("\xC3\xA9\xC3"), "\xC3\xA9?");
  EXPECT_EQ(ToValidUtf8("\xED\xA0\x80"), "???");
  EXPECT_EQ(ToValidUtf8("as it is"), "as it is");
}

TEST(Utf8, CutsBetweenCharactersAndSaysSo) {
  EXPECT_EQ(CutUtf8("12345", 5), "12345");
  EXPECT_EQ(CutUtf8("123456", 5), "12...");
  EXPECT_EQ(CutUtf8("\xC3\xA9\xC3\xA9\xC3\xA9", 5), "\xC3\xA9...");
  EXPECT_EQ(CutUtf8("a\xC3\xA9\xC3\xA9\xC3\xA9", 5), "a...");
  EXPECT_EQ(CutUtf8("123456", 2), "...");
}

}  // namespace
}  // namespace pgsluice
