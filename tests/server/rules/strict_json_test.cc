#include "server/strict_json.h"

#include "gtest/gtest.h"

#include "server/base64url.h"

namespace pgsluice {
namespace {

TEST(StrictJsonTest, ReadsWhatIsThere) {
  const auto object = ParseStrictJson(
      " {\"a\":\"x\\u00e9\\ud83d\\ude00\\n\", \"b\": -1.50e+2 ,\"c\":[1,[2]],\r\n"
      "\t\"d\":{\"a\":null},\"e\":true,\"f\":null,\"\":\"\"} ");

  ASSERT_TRUE(object.ok()) << object.status();
  EXPECT_EQ(StringMember(*object, "a"), "x\xC3\xA9\xF0\x9F\x98\x80\n");
  EXPECT_EQ(*FindMember(*object, "b"), -150.0);
  EXPECT_EQ(StringMember(*object, "b"), std::nullopt);
  EXPECT_EQ(FindMember(*object, "c")->dump(), "[1,[2]]");
  EXPECT_EQ(*FindMember(*object, "e"), true);
  EXPECT_EQ(StringMember(*object, ""), "");
  EXPECT_EQ(FindMember(*object, "g"), nullptr);
  EXPECT_EQ(FindMember(*FindMember(*object, "c"), "g"), nullptr) << "no object";
  EXPECT_EQ(object->size(), 7u);
  EXPECT_TRUE(ParseStrictJson("{}").ok());
  // One name in two objects is no name twice.
  EXPECT_TRUE(ParseStrictJson("{\"a\":{\"b\":1},\"c\":[{\"b\":1},{\"b\":2}]}").ok());
}

TEST(StrictJsonTest, RefusesWhatIsNotExactlyJson) {
  const std::string cases[] = {
      "",
      "[]",
      "\"a\"",
      "{",
      "{\"a\"",
      "{\"a\":",
      "{\"a\":}",
      "{\"a\":1",
      "{\"a\":1,}",
      "{,}",
      "{\"a\" 1}",
      "{'a':1}",
      "{a:1}",
      "{\"a\":1}x",
      "{\"a\":1} {}",
      "{\"a\":01}",
      "{\"a\":+1}",
      "{\"a\":1.}",
      "{\"a\":.5}",
      "{\"a\":1e}",
      "{\"a\":-}",
      "{\"a\":NaN}",
      "{\"a\":Infinity}",
      "{\"a\":1e999}",
      "{\"a\":True}",
      "{\"a\":nul}",
      "{\"a\":\"\n\"}",
      "{\"a\":\"\\x\"}",
      "{\"a\":\"\\",
      "{\"a\":\"\\u12\"}",
      "{\"a\":\"\\u0000\"}",
      "{\"\\u0000\":1}",
      "{\"a\":\"\\ud800\"}",
      "{\"a\":\"\\ud800\\u0041\"}",
      "{\"a\":\"\\udc00\"}",
      "{\"a\":\"\xFF\"}",
      "{\"a\":\"\xC0\x80\"}",
      "{\"a\":\"",
      "{\"a\":1,\"a\":2}",
      "{\"a\":1,\"\\u0061\":2}",
      "{\"b\":{\"a\":1,\"a\":2}}",
      "{\"b\":[{\"a\":1,\"a\":2}]}",
      "{/**/}",
      std::string("{\"a\":1}\0", 8),
      std::string("{\"a\":1}\0x", 9),
      "{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}",
      "{\"a\":" + std::string(100000, '['),
  };
  for (const std::string& text : cases) {
    EXPECT_FALSE(ParseStrictJson(text).ok()) << text.substr(0, 40);
  }
}

TEST(StrictJsonTest, ErrorsTellNothingOfTheText) {
  const auto object = ParseStrictJson("{\"topsecret\":1,\"topsecret\":2}");
  EXPECT_EQ(object.status().message(), "is not good JSON: a name comes twice");
  EXPECT_EQ(ParseStrictJson("{\"topsecret\":").status().message(),
            "is not good JSON: it cannot be read");
}

TEST(Base64UrlTest, DecodesWhatHasOneSpelling) {
  EXPECT_EQ(DecodeBase64Url(""), "");
  EXPECT_EQ(DecodeBase64Url("Zg"), "f");
  EXPECT_EQ(DecodeBase64Url("Zm8"), "fo");
  EXPECT_EQ(DecodeBase64Url("Zm9v"), "foo");
  EXPECT_EQ(DecodeBase64Url("-_8"), "\xFB\xFF");
  for (const char* text :
       {"Z", "Zg==", "Zh", "Zm9", "Zm 9", "Zm9v\n", "+/8", "Zm9vY", "Z.8"}) {
    EXPECT_EQ(DecodeBase64Url(text), std::nullopt) << text;
  }
  EXPECT_EQ(DecodeBase64Url(std::string_view("Zg\0\0", 4)), std::nullopt);
}

}  // namespace
}  // namespace pgsluice
