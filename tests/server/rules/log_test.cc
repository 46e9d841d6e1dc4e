#include "server/log.h"

#include "gtest/gtest.h"

#include "server/convert/utf8.h"

namespace pgsluice {
namespace {

std::string Json(std::string_view message, std::initializer_list<LogField> fields = {}) {
  return FormatLogLine(true, "T", "info", message, fields);
}
std::string Text(std::string_view message, std::initializer_list<LogField> fields = {}) {
  return FormatLogLine(false, "T", "info", message, fields);
}
std::string JsonOf(std::string_view value) { return Json("m", {{"f", value}}); }

TEST(LogTest, WritesJson) {
  EXPECT_EQ(Json("serving"), R"({"ts":"T","level":"info","msg":"serving"})");
  EXPECT_EQ(Json("slow", {{"tag", "a b"}, {"rows", uint64_t{7}}, {"ms", 1.5}}),
            R"({"ts":"T","level":"info","msg":"slow","tag":"a b","rows":7,"ms":1.500})");
}

TEST(LogTest, WritesText) {
  EXPECT_EQ(Text("serving"), "T info serving");
  EXPECT_EQ(Text("slow", {{"tag", "a b"}, {"rows", uint64_t{7}}, {"ms", 1.5}}),
            R"(T info slow tag="a b" rows=7 ms=1.500)");
}

TEST(LogTest, EscapesWhatCouldForgeALine) {
  struct Case {
    std::string_view value, escaped;
  };
  for (const Case& c : {
           Case{"a\"b", R"(a\"b)"},
           Case{"a\\b", R"(a\\b)"},
           Case{"a\nb", R"(a\nb)"},
           Case{"a\tb", R"(a\tb)"},
           Case{"a\rb", R"(a\u000db)"},
           Case{"\x1b[31m", R"(\u001b[31m)"},
           Case{std::string_view("\0", 1), R"(\u0000)"},
           Case{"\x7f", R"(\u007f)"},
           Case{"gr\xC3\xB6\xC3\x9F"
                "e \xF0\x9F\x90\x98",
                "gr\xC3\xB6\xC3\x9F"
                "e \xF0\x9F\x90\x98"},
           // Terminals take these (U+0080 to U+009F) for controls, too.
           Case{"\xC2\x9B"
                "31m",
                R"(\u009b31m)"},
       }) {
    EXPECT_EQ(JsonOf(c.value),
              std::string(R"({"ts":"T","level":"info","msg":"m","f":")") +
                  std::string(c.escaped) + "\"}");
    EXPECT_EQ(Text("m", {{"f", c.value}}),
              std::string("T info m f=\"") + std::string(c.escaped) + "\"");
  }
}

// JSON is UTF-8; a message from before the encoding was agreed on may not be.
TEST(LogTest, IsUtf8WhateverComes) {
  for (std::string_view value : {"\xFF", "a\xC3", "\xED\xA0\x80", "\xC0\x80",
                                 "\x9b"
                                 "31m"}) {
    EXPECT_TRUE(IsValidUtf8(JsonOf(value)));
    EXPECT_TRUE(IsValidUtf8(Text("m", {{"f", value}})));
  }
}

TEST(LogTest, KeepsTheMessageOnItsLine) {
  EXPECT_EQ(Json("a\nb"), R"({"ts":"T","level":"info","msg":"a\nb"})");
  EXPECT_EQ(Text("a\nb\x1b"), "T info a\\nb\\u001b");
  EXPECT_EQ(Text("say \"it\""), "T info say \"it\"") << "quotes do no harm here";
}

}  // namespace
}  // namespace pgsluice
