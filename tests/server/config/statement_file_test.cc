#include "server/config/statement_file.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kGood[] = R"yaml(# Reviewed.
statements:
  - name: orders.of_customer
    sql: |
      SELECT id FROM orders WHERE customer = $1
    parameters: [uuid]
    intent: READ
    max_rows: 100
    max_result_bytes: 64KiB
    max_duration: 1500ms
  - {name: orders.close, sql: "UPDATE orders SET open = false", intent: WRITE}
  - {name: tick, sql: SELECT 1, intent: READ, parameters: []}
)yaml";

TEST(StatementFileTest, ReadsAllThatAnEntrySays) {
  const auto statements = ParseStatementFile(kGood);

  ASSERT_TRUE(statements.ok()) << statements.status();
  ASSERT_EQ(statements->size(), 3u);
  const WrittenStatement& first = statements->at(0);
  EXPECT_EQ(first.where, "3:5");
  EXPECT_EQ(first.name, "orders.of_customer");
  EXPECT_EQ(first.sql, "SELECT id FROM orders WHERE customer = $1\n");
  ASSERT_TRUE(first.parameters.has_value());
  EXPECT_THAT(*first.parameters, ElementsAre("uuid"));
  EXPECT_EQ(first.intent, Intent::kRead);
  EXPECT_EQ(first.max_rows, 100u);
  EXPECT_EQ(first.max_result_bytes, 64u * 1024);
  EXPECT_EQ(first.max_duration, absl::Milliseconds(1500));
  const WrittenStatement& second = statements->at(1);
  EXPECT_EQ(second.intent, Intent::kWrite);
  EXPECT_FALSE(second.parameters.has_value());
  EXPECT_EQ(second.max_rows, 0u);
  EXPECT_EQ(second.max_duration, absl::ZeroDuration());
  EXPECT_TRUE(statements->at(2).parameters->empty());
}

TEST(StatementFileTest, MayHoldNone) {
  const auto statements = ParseStatementFile("statements: []");

  ASSERT_TRUE(statements.ok()) << statements.status();
  EXPECT_TRUE(statements->empty());
}

TEST(StatementFileTest, SaysWhereWhichEntryIsWrongAndWhy) {
  struct Case {
    std::string text;
    std::string where;
    std::string why;
  };
  const auto entry = [](const std::string& rest) {
    return "statements:\n- name: a.b\n" + rest;
  };
  const Case cases[] = {
      // An empty file may be one that is being written.
      {"", "", "expected a list called statements"},
      {"- a", "1:1", "expected a list called statements"},
      {"statements: 5", "1:13", "statements: expected a list"},
      {"statements: []\nmore: []", "2:1", "one list called statements"},
      {"statements: []\nstatements: []", "2:1", "one list called statements"},
      {"statements:\n- 5", "2:3", "expected a statement"},
      {"statements:\n- {sql: SELECT 1}", "2:3", "has no name"},
      {"statements:\n- {name: a b, sql: SELECT 1}", "2:10", "letters, digits and _"},
      {"statements: [", "", "is no good YAML"},
      {"statements: []\n---\na: b", "", "a second document"},
      {entry("  intent: READ\n"), "2:3", "statement a.b: has no sql"},
      {entry("  sql: SELECT 1\n"), "2:3", "statement a.b: has no intent"},
      {entry("  sql: SELECT 1\n  sql: SELECT 2\n"), "4:3", "\"sql\" is given twice"},
      {entry("  sql: [SELECT 1]\n"), "3:8", "sql: expected a single value"},
      {entry("  sql: \"a\\0b\"\n"), "3:8", "sql: has a NUL character"},
      {entry("  sql: " + std::string(256 * 1024 + 1, 'x')), "3:8", "at most 262144"},
      {entry("  intend: READ\n"), "3:3",
       "unknown key \"intend\" (did you mean \"intent\"?)"},
      {entry("  intent: read\n"), "3:11", "expected READ or WRITE"},
      {entry("  parameters: int4\n"), "3:15", "expected a list of types"},
      {entry("  parameters: [[int4]]\n"), "3:16", "the name of a type"},
      {entry("  max_rows: 0\n"), "3:13", "a whole number above 0"},
      {entry("  max_rows: -1\n"), "3:13", "a whole number above 0"},
      {entry("  max_result_bytes: much\n"), "3:21", "a size above 0"},
      {entry("  max_duration: 5\n"), "3:17", "a time above 0"},
      {entry("  max_duration: 0\n"), "3:17", "a time above 0"},
  };
  for (const Case& c : cases) {
    const absl::Status status = ParseStatementFile(c.text).status();
    const std::string message(status.message());
    SCOPED_TRACE(c.text.substr(0, 200));
    ASSERT_FALSE(status.ok());
    EXPECT_THAT(message, HasSubstr(c.why));
    if (!c.where.empty()) {
      EXPECT_EQ(message.substr(0, c.where.size() + 1), c.where + ":");
    }
  }
}

TEST(StatementFileTest, ErrorsQuoteNoSql) {
  const absl::Status status =
      ParseStatementFile("statements:\n- {name: a, sql: SELECT 'hunter2', intent: X}")
          .status();

  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("hunter2")));
}

TEST(StatementFileTest, KnowsNames) {
  for (const char* name : {"a", "_a", "a.b", "orders.of_customer", "A1.b2.c3"}) {
    EXPECT_TRUE(IsStatementName(name)) << name;
  }
  for (const char* name : {"", ".", "a.", ".a", "a..b", "1a", "a.1", "a b", "a-b", "a;b",
                           "a\"b", "a*", "\xc3\xa4"}) {
    EXPECT_FALSE(IsStatementName(name)) << name;
  }
  EXPECT_TRUE(IsStatementName(std::string(128, 'a')));
  EXPECT_FALSE(IsStatementName(std::string(129, 'a')));
  EXPECT_FALSE(IsStatementName(std::string("a\0b", 3)));
}

TEST(StatementFileTest, KnowsPatternsOfNames) {
  const auto patterns = ParseStatementPatterns("orders.*, tick ,*");
  ASSERT_TRUE(patterns.ok()) << patterns.status();
  EXPECT_THAT(*patterns, ElementsAre("orders.*", "tick", "*"));

  for (const char* text : {"", ",", "a,", "a b", "SELECT 1;"}) {
    EXPECT_FALSE(ParseStatementPatterns(text).ok()) << text;
  }
}

}  // namespace
}  // namespace pgsluice
