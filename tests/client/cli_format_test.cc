#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "client/cpp/cli/aligned_format.h"
#include "client/cpp/cli/display_width.h"
#include "client/cpp/cli/expanded_format.h"
#include "client/cpp/cli/json_format.h"
#include "client/cpp/cli/plain_format.h"
#include "client/cpp/cli/pools_command.h"
#include "client/cpp/cli/statement_splitter.h"

namespace pgsluice::cli {
namespace {

using ::testing::ElementsAre;

TEST(DisplayWidthTest, CountsTerminalCells) {
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("äöü"), 3);
  EXPECT_EQ(DisplayWidth("日本語"), 6);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1);
  EXPECT_EQ(DisplayWidth("😀"), 2);
  EXPECT_EQ(DisplayWidth("\xff\xfe"), 2);
}

// The expected texts of the next tests are psql's own.
TEST(AlignedFormatTest, AlignsAsPsqlDoes) {
  AlignedFormat format({{"id", Align::kRight}, {"name"}}, "", true);

  EXPECT_EQ(format.Format({{"1", "日本"}, {"100", std::nullopt}, {"7", "a"}}),
            " id  | name \n"
            "-----+------\n"
            "   1 | 日本\n"
            " 100 | \n"
            "   7 | a\n");
}

TEST(AlignedFormatTest, LongCellsGoOnInTheNextLine) {
  AlignedFormat format({{"a"}, {"b"}}, "", true);

  EXPECT_EQ(format.Format({{"x\nyy", "1"}, {"z", "p\nq\nlong"}}),
            " a  |  b   \n"
            "----+------\n"
            " x +| 1\n"
            " yy | \n"
            " z  | p   +\n"
            "    | q   +\n"
            "    | long\n");
}

TEST(AlignedFormatTest, HeaderComesOnceAndAlsoWithoutRows) {
  AlignedFormat format({{"a"}}, "", true);

  EXPECT_EQ(format.Format({}), " a \n---\n");
  EXPECT_EQ(format.Format({{"1"}}), " 1\n");
}

TEST(AlignedFormatTest, ShowsTheTextChosenForNull) {
  AlignedFormat format({{"a"}}, "(null)", false);

  EXPECT_EQ(format.Format({{std::nullopt}, {""}}), " (null)\n \n");
}

TEST(AlignedFormatTest, ControlCharactersCannotReachTheTerminal) {
  AlignedFormat format({{"a"}}, "", false);

  EXPECT_EQ(format.Format({{"\x1b[2J\r"}}), " \\x1B[2J\\r\n");
}

TEST(ExpandedFormatTest, LooksAsPsqls) {
  EXPECT_EQ(FormatExpanded({{"id"}, {"name"}}, {{"1", "one"}, {"2", std::nullopt}}, 1, "",
                           true),
            "-[ RECORD 1 ]\n"
            "id   | 1\n"
            "name | one\n"
            "-[ RECORD 2 ]\n"
            "id   | 2\n"
            "name | \n");
  EXPECT_EQ(FormatExpanded({{"a_rather_long_name"}}, {{"a\nb"}}, 1, "", true),
            "-[ RECORD 1 ]------+--\n"
            "a_rather_long_name | a+\n"
            "                   | b\n");
  EXPECT_EQ(FormatExpanded({{"last"}}, {{"a\nb"}}, 1, "", true),
            "-[ RECORD 1 ]\n"
            "last | a    +\n"
            "     | b\n");
}

TEST(ExpandedFormatTest, WithoutHeaderRecordsArePartedByARule) {
  EXPECT_EQ(FormatExpanded({{"id"}}, {{"1"}, {"2"}}, 1, "", false),
            "id | 1\n"
            "---+--\n"
            "id | 2\n");
}

TEST(PlainFormatTest, CsvQuotesWhatNeedsIt) {
  EXPECT_EQ(CsvRow({"a", "b,c", "d\"e", "f\ng", "", std::nullopt, "\\."}, ""),
            "a,\"b,c\",\"d\"\"e\",\"f\ng\",\"\",,\"\\.\"\n");
  EXPECT_EQ(CsvHeader({{"id"}, {"a,b"}}), "id,\"a,b\"\n");
}

TEST(PlainFormatTest, UnalignedIsNotQuoted) {
  EXPECT_EQ(UnalignedRow({"a b", std::nullopt, "c"}, "-"), "a b|-|c\n");
}

TEST(JsonFormatTest, EscapesStrings) {
  EXPECT_EQ(JsonString("a\"b\\c\n\x01ü"), "\"a\\\"b\\\\c\\n\\u0001ü\"");
}

TEST(JsonFormatTest, KeepsTheKindOfAValue) {
  v1::Value value;
  EXPECT_EQ(JsonValue(value, "int4"), "null");
  value.set_int64(INT64_MAX);
  EXPECT_EQ(JsonValue(value, "int8"), "9223372036854775807");
  value.set_numeric("12.50");
  EXPECT_EQ(JsonValue(value, "numeric"), "\"12.50\"");
  value.set_double_(1e300 * 1e10);
  EXPECT_EQ(JsonValue(value, "float8"), "\"Infinity\"");
  value.set_double_(1.5);
  EXPECT_EQ(JsonValue(value, "float8"), "1.5");
  value.set_json("{\"a\": [1]}");
  EXPECT_EQ(JsonValue(value, "jsonb"), "{\"a\": [1]}");
  value.mutable_list()->add_values()->set_text("x");
  value.mutable_list()->add_values();
  EXPECT_EQ(JsonValue(value, "_text"), "[\"x\",null]");
}

TEST(JsonFormatTest, TellsEqualNamesApart) {
  EXPECT_THAT(JsonKeys({"id", "id", "id_2", "id"}),
              ElementsAre("\"id\"", "\"id_3\"", "\"id_2\"", "\"id_4\""));
}

TEST(PoolsTableTest, HasALineAPool) {
  v1::PoolStatsResponse stats;
  v1::EndpointPoolStats* pool = stats.add_pools();
  pool->set_endpoint("pg-0");
  pool->set_role(v1::ROLE_PRIMARY);
  pool->set_retired(true);
  stats.set_calls_in_progress(3);

  const std::string table = PoolsTable(stats);

  EXPECT_NE(table.find(" pg-0     | primary, retired | "), std::string::npos) << table;
  EXPECT_NE(table.find("calls in progress: 3"), std::string::npos) << table;
}

TEST(PoolsTableTest, NamesLoginsIfThereAreAny) {
  v1::PoolStatsResponse stats;
  stats.add_pools()->set_endpoint("pg-0");
  EXPECT_EQ(PoolsTable(stats).find("login"), std::string::npos);
  v1::EndpointPoolStats* pool = stats.add_pools();
  pool->set_endpoint("pg-0");
  pool->set_role(v1::ROLE_PRIMARY);
  pool->set_login("reports");
  pool->set_last_error("refused");

  const std::string table = PoolsTable(stats);

  EXPECT_NE(table.find(" pg-0     | primary | reports |"), std::string::npos) << table;
  EXPECT_NE(table.find("| refused"), std::string::npos) << table;
}

TEST(StatementSplitterTest, CutsAtSemicolons) {
  EXPECT_THAT(SplitStatements(" select 1;;\n select 2 -- the end;\n;\n-- only this\n"),
              ElementsAre("select 1", "select 2 -- the end;"));
}

TEST(StatementSplitterTest, LeavesQuotesAndCommentsWhole) {
  EXPECT_THAT(
      SplitStatements("select ';', 'it''s;', \"a;b\", E'\\';' /* ; /* ; */ ; */; x"),
      ElementsAre("select ';', 'it''s;', \"a;b\", E'\\';' /* ; /* ; */ ; */", "x"));
  EXPECT_THAT(SplitStatements("do $body$ begin; $1 $$ ; end $body$; select $1; y"),
              ElementsAre("do $body$ begin; $1 $$ ; end $body$", "select $1", "y"));
  EXPECT_THAT(SplitStatements("select '\\'; z"), ElementsAre("select '\\'", "z"));
}

}  // namespace
}  // namespace pgsluice::cli
