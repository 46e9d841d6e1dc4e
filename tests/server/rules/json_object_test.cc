#include "server/json_object.h"

#include "gtest/gtest.h"

#include "server/base64url.h"

namespace pgsluice {
namespace {

TEST(JsonObjectTest, ReadsWhatIsThere) {
  const auto object = JsonObject::Parse(
      " {\"a\":\"x\\u00e9\\ud83d\\ude00\\n\", \"b\": -1.50e+2 ,\"c\":[1,[2]],\r\n"
      "\t\"d\":{\"a\":null},\"e\":true,\"f\":null,\"\":\"\"} ");

  ASSERT_TRUE(object.ok()) << object.status();
  EXPECT_EQ(object->StringOf("a"), "x\xC3\xA9\xF0\x9F\x98\x80\n");
  EXPECT_EQ(object->Find("b")->kind, JsonKind::kNumber);
  EXPECT_EQ(object->Find("b")->text, "-1.50e+2") << "as written";
  EXPECT_EQ(object->StringOf("b"), std::nullopt);
  EXPECT_EQ(object->Find("c")->kind, JsonKind::kArray);
  EXPECT_EQ(object->Find("c")->text, "[1,[2]]");
  EXPECT_EQ(object->Find("d")->kind, JsonKind::kObject);
  EXPECT_EQ(object->Find("e")->kind, JsonKind::kBool);
  EXPECT_EQ(object->Find("f")->kind, JsonKind::kNull);
  EXPECT_EQ(object->StringOf(""), "");
  EXPECT_EQ(object->Find("g"), nullptr);
  EXPECT_EQ(object->members().size(), 7u);
  EXPECT_TRUE(JsonObject::Parse("{}").ok());
}

TEST(JsonObjectTest, ReadsArrays) {
  const auto array = ParseJsonArray(" [\"a\", 1, {\"b\":[]}] ");

  ASSERT_TRUE(array.ok()) << array.status();
  ASSERT_EQ(array->size(), 3u);
  EXPECT_EQ((*array)[0].text, "a");
  EXPECT_EQ((*array)[2].text, "{\"b\":[]}");
  EXPECT_TRUE(ParseJsonArray("[]")->empty());
  EXPECT_FALSE(ParseJsonArray("[1,]").ok());
  EXPECT_FALSE(ParseJsonArray("[1] 2").ok());
  EXPECT_FALSE(ParseJsonArray("{}").ok());
}

TEST(JsonObjectTest, RefusesWhatIsNotExactlyJson) {
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
      "{\"a\":True}",
      "{\"a\":nul}",
      "{\"a\":\"\n\"}",
      "{\"a\":\"\\x\"}",
      "{\"a\":\"\\",
      "{\"a\":\"\\u12\"}",
      "{\"a\":\"\\u0000\"}",
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
      "{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}",
      "{\"a\":" + std::string(100000, '['),
  };
  for (const std::string& text : cases) {
    EXPECT_FALSE(JsonObject::Parse(text).ok()) << text.substr(0, 40);
  }
}

TEST(JsonObjectTest, ErrorsTellNothingOfTheText) {
  const auto object = JsonObject::Parse("{\"topsecret\":1,\"topsecret\":2}");
  EXPECT_EQ(object.status().message(), "is not good JSON: a name comes twice");
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
