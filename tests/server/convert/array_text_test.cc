#include "server/convert/array_text.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"

#include "tests/server/convert/value_of.h"

namespace pgsluice {
namespace {

void DecodeAsText(std::string_view text, v1::Value& value) {
  value.set_text(text.data(), text.size());
}

TEST(ArrayText, ReadsWhatPostgresPrints) {
  struct {
    std::string_view text;
    std::string_view list;
  } constexpr kCases[] = {
      {"{}", ""},
      {"{1}", "values { text: '1' }"},
      {"{1,NULL,3}",
       "values { text: '1' } values { null: NULL_VALUE_UNSPECIFIED } values { "
       "text: '3' }"},
      {R"({"NULL",null})", "values { text: 'NULL' } values { text: 'null' }"},
      {R"({"","a b","a,b","{}"})",
       "values { text: '' } values { text: 'a b' } values { text: 'a,b' } values { text: "
       "'{}' }"},
      {R"({"a\"b\\c"})", R"(values { text: 'a"b\\c' })"},
      {R"({"\\"})", R"(values { text: '\\' })"},
      {"{{1,2},{3,4}}",
       "values { list { values { text: '1' } values { text: '2' } } } "
       "values { list { values { text: '3' } values { text: '4' } } }"},
      {"{{{a}}}", "values { list { values { list { values { text: 'a' } } } } }"},
  };
  for (const auto& [text, expected] : kCases) {
    v1::ValueList list;
    EXPECT_TRUE(ParseArrayText(text, ',', DecodeAsText, list)) << text;
    EXPECT_EQ(list.ShortDebugString(),
              ParseProto<v1::ValueList>(expected).ShortDebugString())
        << text;
  }
}

TEST(ArrayText, TakesTheDelimiterOfTheType) {
  v1::ValueList list;
  ASSERT_TRUE(ParseArrayText("{(1,1),(0,0);(2,2),(1,1)}", ';', DecodeAsText, list));
  ASSERT_EQ(list.values_size(), 2);
  EXPECT_EQ(list.values(0).text(), "(1,1),(0,0)");
}

TEST(ArrayText, RefusesWhatNoListCanSay) {
  for (const std::string_view text :
       {"",         "{",     "}",      "1",         "[0:1]={7,8}",
        "{1",       "{1,",   "{1,}",   "{,1}",      "{1}x",
        "{{1}",     "{\"a}", "{\"a\\", "{\"a\\\"}", "{\"a\"b}",
        "{a\"b\"}", "{a{}",  "{{}}",   "{{},{}}",   "{{{{{{{1}}}}}}}"}) {
    v1::ValueList list;
    EXPECT_FALSE(ParseArrayText(text, ',', DecodeAsText, list)) << text;
  }
}

TEST(ArrayText, QuotesWhatWouldBeReadOtherwise) {
  struct {
    std::string_view element;
    std::string_view text;
  } constexpr kCases[] = {{"a", "a"},
                          {"", R"("")"},
                          {"NULL", R"("NULL")"},
                          {"nUlL", R"("nUlL")"},
                          {"NULLS", "NULLS"},
                          {"a b", R"("a b")"},
                          {"a\tb", "\"a\tb\""},
                          {"a\vb", "\"a\vb\""},
                          {"a,b", R"("a,b")"},
                          {"a;b", "a;b"},
                          {"{", R"("{")"},
                          {"}", R"("}")"},
                          {"\"", R"("\"")"},
                          {"\\x68", R"("\\x68")"}};
  for (const auto& [element, text] : kCases) {
    std::string out = "{";
    AppendArrayElement(element, ',', out);
    EXPECT_EQ(out, "{" + std::string(text));
  }
}

TEST(ArrayText, ReadsBackEveryByteItWrites) {
  for (int first = 1; first < 256; ++first) {
    for (int second = 1; second < 256; ++second) {
      const std::string element = {static_cast<char>(first), static_cast<char>(second)};
      std::string text = "{";
      AppendArrayElement(element, ',', text);
      text += "}";

      v1::ValueList list;
      const auto decode = [](std::string_view bytes, v1::Value& value) {
        value.set_bytes(bytes.data(), bytes.size());
      };
      ASSERT_TRUE(ParseArrayText(text, ',', decode, list)) << text;
      ASSERT_EQ(list.values_size(), 1) << text;
      ASSERT_EQ(list.values(0).bytes(), element) << text;
    }
  }
}

}  // namespace
}  // namespace pgsluice
