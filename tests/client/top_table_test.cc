#include "client/cpp/cli/top_table.h"

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "client/cpp/cli/display_width.h"

namespace pgsluice::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

v1::StatementStats Statement(const std::string& sql) {
  v1::StatementStats statement;
  statement.set_sql(sql);
  statement.set_fingerprint("0123456789abcdef");
  statement.set_role(v1::ROLE_REPLICA);
  statement.set_calls(4);
  statement.set_errors(1);
  statement.set_rows(400);
  statement.mutable_total_time()->set_seconds(3);
  statement.mutable_mean_time()->set_nanos(750'000'000);
  statement.mutable_p99_time()->set_seconds(2);
  return statement;
}

v1::TopStatementsResponse Top(const std::vector<std::string>& statements) {
  v1::TopStatementsResponse top;
  for (const std::string& sql : statements) *top.add_statements() = Statement(sql);
  top.set_tracked(30);
  top.set_calls(8);
  top.mutable_total_time()->set_seconds(12);
  top.mutable_age()->set_seconds(125);
  return top;
}

std::vector<std::string> Lines(const std::string& text) {
  return absl::StrSplit(text, '\n', absl::SkipEmpty());
}

TEST(TopTableTest, HasALineAStatement) {
  EXPECT_EQ(TopTable(Top({"SELECT a"}), 80),
            " total | %  | calls | mean  | p99  | rows | err | statement \n"
            "-------+----+-------+-------+------+------+-----+-----------\n"
            "  3.0s | 25 |     4 | 750ms | 2.0s |  400 |   1 | SELECT a\n"
            "1 of 30 statements; 8 calls, 12.0s, in the last 2m05s\n");
}

TEST(TopTableTest, NamesStatementsWhereThereIsRoom) {
  v1::TopStatementsResponse top = Top({"SELECT a", "SELECT b"});
  EXPECT_THAT(TopTable(top, 0), Not(HasSubstr(" name ")));

  top.mutable_statements(1)->set_name("orders.of");

  EXPECT_THAT(Lines(TopTable(top, 0)).front(), HasSubstr(" name "));
  EXPECT_THAT(TopTable(top, 0), HasSubstr("| 0123456789abcdef | orders.of | SELECT b"));
  EXPECT_THAT(TopTable(top, 80), Not(HasSubstr("orders.of")));
}

TEST(TopTableTest, CutsSqlToTheWidth) {
  const std::string sql = "SELECT " + std::string(300, 'a');
  for (const int width : {80, 100, 139, 140, 200}) {
    const std::vector<std::string> lines = Lines(TopTable(Top({sql, "SELECT 1"}), width));

    ASSERT_EQ(lines.size(), 5U);
    EXPECT_EQ(DisplayWidth(lines[2]), width - 1) << "the last column is not padded";
    EXPECT_THAT(lines[2], HasSubstr("aaa..."));
    EXPECT_THAT(lines[3], HasSubstr("SELECT 1"));
    for (size_t i = 0; i < 4; ++i) EXPECT_LE(DisplayWidth(lines[i]), width) << lines[i];
  }
}

TEST(TopTableTest, CutsBetweenCharacters) {
  std::string sql;
  for (int i = 0; i < 100; ++i) sql += "日é";

  const std::vector<std::string> lines = Lines(TopTable(Top({sql}), 80));

  EXPECT_LE(DisplayWidth(lines[2]), 79);
  EXPECT_GE(DisplayWidth(lines[2]), 77);
}

TEST(TopTableTest, WideOnesSayMore) {
  EXPECT_THAT(TopTable(Top({"SELECT a"}), 139), Not(HasSubstr("fingerprint")));
  EXPECT_THAT(TopTable(Top({"SELECT a"}), 140), HasSubstr("0123456789abcdef"));
}

TEST(TopTableTest, WithoutATerminalNothingIsCut) {
  const std::string sql = "SELECT " + std::string(900, 'a');

  EXPECT_THAT(TopTable(Top({sql}), 0), HasSubstr(sql));
}

TEST(TopTableTest, TellsOfStatementsThatWereDropped) {
  v1::TopStatementsResponse top = Top({});
  EXPECT_THAT(TopTable(top, 80), Not(HasSubstr("dropped")));

  top.set_evicted(7);

  EXPECT_THAT(TopTable(top, 80), HasSubstr("7 dropped"));
}

TEST(ShortDurationTest, TakesSixCellsAtMost) {
  struct Case {
    absl::Duration duration;
    std::string_view text;
  };
  for (const Case& c :
       {Case{absl::ZeroDuration(), "0.0us"}, Case{absl::Microseconds(12.34), "12.3us"},
        Case{absl::Microseconds(850), "850us"}, Case{absl::Microseconds(999.6), "1.0ms"},
        Case{absl::Milliseconds(99.96), "100ms"}, Case{absl::Milliseconds(999.6), "1.0s"},
        Case{absl::Seconds(34.56), "34.6s"}, Case{absl::Seconds(59.96), "0m59s"},
        Case{absl::Seconds(60), "1m00s"}, Case{absl::Seconds(3599), "59m59s"},
        Case{absl::Hours(1), "1h00m"}, Case{absl::Hours(23.99), "23h59m"},
        Case{absl::Hours(76), "3d04h"}, Case{absl::Hours(24 * 99), "99d00h"}}) {
    EXPECT_EQ(ShortDuration(c.duration), c.text);
    EXPECT_LE(c.text.size(), 6U);
  }
}

}  // namespace
}  // namespace pgsluice::cli
