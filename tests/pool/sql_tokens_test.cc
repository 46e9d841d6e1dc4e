#include "pool/sql_tokens.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using ::testing::ElementsAre;

// "w:" word, "q:" quoted name, "l:" literal, "s:" symbol, "?" unclear.
std::vector<std::string> Cut(std::string_view sql) {
  std::vector<std::string> cut;
  SqlTokens tokens(sql);
  while (true) {
    const SqlToken token = tokens.Next();
    const std::string text(token.text);
    switch (token.kind) {
      case SqlTokenKind::kEnd: return cut;
      case SqlTokenKind::kWord: cut.push_back("w:" + text); break;
      case SqlTokenKind::kQuotedName: cut.push_back("q:" + text); break;
      case SqlTokenKind::kLiteral: cut.push_back("l:" + text); break;
      case SqlTokenKind::kSymbol: cut.push_back("s:" + text); break;
      case SqlTokenKind::kUnclear: cut.push_back("?"); break;
    }
  }
}

TEST(SqlTokensTest, CutsWordsNumbersAndSymbols) {
  EXPECT_THAT(Cut("SELECT a1$,b::int"),
              ElementsAre("w:SELECT", "w:a1$", "s:,", "w:b", "s:::", "w:int"));
  EXPECT_THAT(Cut("1f(2.5)"),
              ElementsAre("l:1", "w:f", "s:(", "l:2", "s:.", "l:5", "s:)"));
  EXPECT_THAT(Cut("\xC3\xA4 $1f"), ElementsAre("w:\xC3\xA4", "l:$1", "w:f"));
  EXPECT_THAT(Cut(" \t\r\n\f\v"), ElementsAre());
}

TEST(SqlTokensTest, CutsStrings) {
  EXPECT_THAT(Cut("'a''b' 'c'"), ElementsAre("l:'a''b'", "l:'c'"));
  EXPECT_THAT(Cut(R"(E'a\'b' f)"), ElementsAre(R"(l:'a\'b')", "w:f"));
  EXPECT_THAT(Cut(R"(e'\\' f)"), ElementsAre(R"(l:'\\')", "w:f"));
  EXPECT_THAT(Cut("B'01' x'ff' N'n'"), ElementsAre("l:'01'", "l:'ff'", "l:'n'"));
  EXPECT_THAT(Cut("ae'x'"), ElementsAre("w:ae", "l:'x'"));
}

TEST(SqlTokensTest, CutsDollarQuotes) {
  EXPECT_THAT(Cut("$$f('$$ g"), ElementsAre("l:$$f('$$", "w:g"));
  EXPECT_THAT(Cut("$a$ $b$ $$ $a$"), ElementsAre("l:$a$ $b$ $$ $a$"));
  EXPECT_THAT(Cut("x$a$ $a"), ElementsAre("w:x$a$", "s:$", "w:a"));
}

TEST(SqlTokensTest, CutsQuotedNames) {
  EXPECT_THAT(Cut(R"("a""b"."C")"), ElementsAre(R"(q:a""b)", "s:.", "q:C"));
}

TEST(SqlTokensTest, SkipsComments) {
  EXPECT_THAT(Cut("a -- f('\nb/* /* ' */ \" */c"), ElementsAre("w:a", "w:b", "w:c"));
  EXPECT_THAT(Cut("a--"), ElementsAre("w:a"));
  EXPECT_THAT(Cut("a/**/b"), ElementsAre("w:a", "w:b"));
}

TEST(SqlTokensTest, GivesUpOnWhatTheTextAloneDoesNotTell) {
  EXPECT_THAT(Cut(R"('a\' f)"), ElementsAre("?"));
  EXPECT_THAT(Cut(R"('a\'' f)"), ElementsAre("?"));
  EXPECT_THAT(Cut(R"(U&"\0061" f)"), ElementsAre("?"));
  for (const char* sql : {"'a", "\"a", "$$a", "$a$a$b$", "/* a", "/*/", "E'\\'"}) {
    EXPECT_THAT(Cut(sql), ElementsAre("?")) << sql;
  }
}

TEST(SqlTokensTest, TakesAnyBytesAndEnds) {
  for (int first = 1; first < 256; ++first) {
    for (int second = 1; second < 256; ++second) {
      const std::string sql = {static_cast<char>(first), static_cast<char>(second), 'a'};
      EXPECT_LE(Cut(sql).size(), 3u);
    }
  }
}

}  // namespace
}  // namespace pgsluice
