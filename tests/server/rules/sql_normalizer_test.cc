#include "server/sql_normalizer.h"

#include <random>

#include "gtest/gtest.h"

#include "server/convert/utf8.h"

namespace pgsluice {
namespace {

struct Case {
  std::string_view sql;
  std::string_view normalized;
};

void ExpectAll(std::initializer_list<Case> cases) {
  for (const Case& c : cases) EXPECT_EQ(NormalizeSql(c.sql, 1000), c.normalized) << c.sql;
}

TEST(SqlNormalizerTest, ReplacesStrings) {
  ExpectAll({
      {"SELECT 'a'", "SELECT ?"},
      {"SELECT ''", "SELECT ?"},
      {"SELECT 'it''s'", "SELECT ?"},
      {"SELECT 'a','b'", "SELECT ?,?"},
      {"SELECT 'a\\', b", "SELECT ?, b"},
      {"SELECT date'2020-01-01'", "SELECT date?"},
      {"SELECT name'x'", "SELECT name?"},
      {"SELECT '-- no comment'", "SELECT ?"},
      {"SELECT '$$', a, '$$'", "SELECT ?, a, ?"},
  });
}

TEST(SqlNormalizerTest, ReplacesStringsWithEscapes) {
  ExpectAll({
      {"SELECT E'it\\'s', b", "SELECT ?, b"},
      {"SELECT e'a''b\\\\', b", "SELECT ?, b"},
      {"E'x'", "?"},
      {"SELECT (E'\\'')", "SELECT (?)"},
      {"SELECT U&'\\0061'", "SELECT U&?"},
      {"SELECT B'101', X'1F'", "SELECT B?, X?"},
      // Continued on the next line, it still has escapes.
      {"SELECT E'a'\n'it\\'s secret', b", "SELECT ? ?, b"},
      {"SELECT E'a'\n-- why\n'it\\'s secret', b", "SELECT ? ?, b"},
      {"SELECT E'a', 'b\\', c", "SELECT ?, ?, c"},
  });
}

TEST(SqlNormalizerTest, ReplacesDollarQuotes) {
  ExpectAll({
      {"SELECT $$secret$$", "SELECT ?"},
      {"SELECT $tag$se$$cr'et$tag$, b", "SELECT ?, b"},
      {"SELECT $$a$$ || $$b$$", "SELECT ? || ?"},
      {"SELECT $1, $22", "SELECT $1, $22"},
      {"SELECT a$b$c FROM t$1", "SELECT a$b$c FROM t$1"},
  });
}

TEST(SqlNormalizerTest, ReplacesNumbers) {
  ExpectAll({
      {"SELECT 1, 2.5, .5, 1e10, 1e-5, 1E+5", "SELECT ?, ?, ?, ?, ?, ?"},
      {"SELECT 1+2, -3", "SELECT ?+?, -?"},
      {"SELECT a1, t2.c3", "SELECT a1, t2.c3"},
      {"LIMIT 10", "LIMIT ?"},
      {"SELECT 0x1F", "SELECT ?"},
      {"SELECT a[1:2]", "SELECT a[?:?]"},
  });
}

TEST(SqlNormalizerTest, DropsCommentsAndJoinsSpace) {
  ExpectAll({
      {"  SELECT\n\t a  ", "SELECT a"},
      {"SELECT a -- secret\nFROM t", "SELECT a FROM t"},
      {"SELECT a -- secret", "SELECT a"},
      {"/* secret */SELECT/* x /* nested */ y */a", "SELECT a"},
      {"SELECT a /* secret", "SELECT a"},
      {"-- only\n/* comments */", ""},
      {"", ""},
      {" \n", ""},
  });
}

TEST(SqlNormalizerTest, KeepsIdentifiers) {
  ExpectAll({
      {"SELECT \"My \"\"Col\"\" 1\" FROM \"T\"",
       "SELECT \"My \"\"Col\"\" 1\" FROM \"T\""},
      {"SELECT \"a'b\", 'c'", "SELECT \"a'b\", ?"},
      {"SELECT gr\xC3\xB6\xC3\x9F"
       "e FROM t",
       "SELECT gr\xC3\xB6\xC3\x9F"
       "e FROM t"},
  });
}

TEST(SqlNormalizerTest, TakesUnterminatedQuotesForDataToTheirEnd) {
  ExpectAll({
      {"SELECT 'secret", "SELECT ?"},
      {"SELECT 'secret''", "SELECT ?"},
      {"SELECT E'secret\\'", "SELECT ?"},
      {"SELECT E'secret\\", "SELECT ?"},
      {"SELECT $$secret", "SELECT ?"},
      {"SELECT $a$secret$b$", "SELECT ?"},
      {"SELECT \"secret", "SELECT ?"},
      {"SELECT \"secret\"\"", "SELECT ?"},
  });
}

TEST(SqlNormalizerTest, FoldsListsOfAnyLength) {
  ExpectAll({
      {"SELECT a FROM t WHERE b IN (1, 'two', $3)", "SELECT a FROM t WHERE b IN (...)"},
      {"INSERT INTO t VALUES (1, 'a'), -- first\n (2, $$b$$)",
       "INSERT INTO t VALUES (...)"},
      {"SELECT 'IN (1, 2)', \"IN (1, 2)\"", "SELECT ?, \"IN (1, 2)\""},
  });
}

// A list is folded before the text is cut.
TEST(SqlNormalizerTest, CutsNothingOffALongList) {
  std::string sql = "SELECT a FROM t WHERE b IN (1";
  for (int i = 0; i < 5000; ++i) sql += ", 2";

  EXPECT_EQ(NormalizeSql(sql + ") AND c", 40), "SELECT a FROM t WHERE b IN (...) AND c");
}

TEST(SqlNormalizerTest, CutsBetweenCharacters) {
  EXPECT_EQ(NormalizeSql("SELECT a", 8), "SELECT a");
  EXPECT_EQ(NormalizeSql("SELECT ab", 8), "SELECT a...");
  EXPECT_EQ(NormalizeSql("a\xC3\xA9z", 2), "a...");
  EXPECT_EQ(NormalizeSql("a\xC3\xA9z", 3), "a\xC3\xA9...");
  EXPECT_EQ(NormalizeSql("\xF0\x9F\x90\x98\xF0\x9F\x90\x98", 7), "\xF0\x9F\x90\x98...");
  EXPECT_EQ(NormalizeSql("SELECT", 0), "...");
}

TEST(SqlNormalizerTest, CutsNothingOffAConstant) {
  EXPECT_EQ(NormalizeSql("SELECT '" + std::string(5000, 'x') + "'", 20), "SELECT ?");
}

// Whatever comes, what stands in a closed string never comes out.
TEST(SqlNormalizerTest, HoldsNoDataOnRandomStatements) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  constexpr std::string_view kPieces[] = {"SELECT ",
                                          "a",
                                          "e",
                                          "E",
                                          ", ",
                                          "(",
                                          ")",
                                          " ",
                                          "\n",
                                          "$1",
                                          "/* c */",
                                          "-- c\n",
                                          "1.5",
                                          "\"q\"",
                                          "+",
                                          "x",
                                          "||",
                                          "::text",
                                          "IN (",
                                          "VALUES (",
                                          "ARRAY[",
                                          "]",
                                          "NULL",
                                          "'SECRET'",
                                          "E'SECRET\\''",
                                          "$$SECRET$$",
                                          "$t$SECRET$t$",
                                          "'it''SECRET'",
                                          "\xC3\xA9"};
  for (int i = 0; i < 20000; ++i) {
    std::string sql;
    for (size_t n = random() % 12; n > 0; --n) {
      const std::string_view piece = kPieces[random() % std::size(kPieces)];
      // A word or a dollar before a constant would make it another one.
      const bool is_constant = piece.find("SECRET") != std::string_view::npos;
      if (is_constant && !sql.empty()) sql += ", ";
      sql += piece;
      if (is_constant) sql += " , ";
    }
    const std::string normalized = NormalizeSql(sql, random() % 60);
    ASSERT_EQ(normalized.find("SECRET"), std::string::npos) << sql;
    ASSERT_TRUE(IsValidUtf8(normalized)) << sql;
  }
}

}  // namespace
}  // namespace pgsluice
