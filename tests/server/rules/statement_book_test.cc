#include "server/statement_book.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string File(const std::string& entries) { return "statements:\n" + entries; }

TEST(StatementBookTest, FindsStatementsWithWhatTheyBringAlong) {
  const auto book = StatementBook::Parse(File(R"yaml(
  - name: a.read
    sql: "SELECT $1, $2;  -- And that is all."
    parameters: [int8, "text[]"]
    intent: READ
    max_rows: 7
    max_result_bytes: 1KiB
    max_duration: 2s
  - {name: a.write, sql: INSERT INTO t VALUES ($1), intent: WRITE}
)yaml"));

  ASSERT_TRUE(book.ok()) << book.status();
  EXPECT_EQ(book->size(), 2u);
  const NamedStatement* read = book->Find("a.read");
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->sql, "SELECT $1, $2;  -- And that is all.");
  EXPECT_EQ(read->kind, StatementKind::kPlain);
  EXPECT_THAT(*read->types, ElementsAre(20u, 1009u));
  EXPECT_EQ(read->terms.intent, Intent::kRead);
  EXPECT_EQ(read->terms.max_rows, 7u);
  EXPECT_EQ(read->terms.max_bytes, 1024u);
  EXPECT_EQ(read->terms.max_duration, absl::Seconds(2));
  const NamedStatement* write = book->Find("a.write");
  ASSERT_NE(write, nullptr);
  EXPECT_FALSE(write->types.has_value());
  EXPECT_EQ(write->terms.intent, Intent::kWrite);
  EXPECT_EQ(book->Find("a"), nullptr);
  EXPECT_EQ(book->Find(""), nullptr);
  EXPECT_EQ(StatementBook().Find("a.read"), nullptr);
}

TEST(StatementBookTest, RefusesWhatARequestMayNotSendEither) {
  struct Case {
    std::string sql;
    std::string why;
  };
  const Case cases[] = {
      {"''", "holds no statement"},
      {"'; ;'", "holds no statement"},
      {"COMMIT", "transaction control"},
      {"SAVEPOINT a", "transaction control"},
      {"COPY t TO STDOUT", "COPY"},
      {"LISTEN a", "LISTEN"},
      {"SELECT 1; DROP TABLE t", "several statements"},
      {"SELECT ';' /* ; */; SELECT 2", "several statements"},
  };
  for (const Case& c : cases) {
    const absl::Status status =
        StatementBook::Parse(File("- name: a\n  intent: READ\n  sql: " + c.sql)).status();
    SCOPED_TRACE(c.sql);
    ASSERT_FALSE(status.ok());
    EXPECT_THAT(std::string(status.message()), HasSubstr("2:3: statement a: sql: "));
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.why));
  }
}

TEST(StatementBookTest, ASemicolonInALiteralMakesNoSecondStatement) {
  for (const char* sql :
       {"SELECT ';' || 'a'", "SELECT 1 /* ; a */", "SELECT 1;", "SELECT $a$;$a$, 2"}) {
    EXPECT_TRUE(
        StatementBook::Make({{.where = "1:1", .name = "a", .sql = sql}}).status().ok())
        << sql;
  }
}

TEST(StatementBookTest, RefusesUnknownTypesAndNamesThatAreTaken) {
  const absl::Status type =
      StatementBook::Make({{.where = "1:1",
                            .name = "a",
                            .sql = "SELECT 1",
                            .parameters = std::vector<std::string>{"int4", "mood"}}})
          .status();
  EXPECT_THAT(std::string(type.message()), HasSubstr("1:1: statement a: parameters[1]"));

  const absl::Status twice =
      StatementBook::Make({{.where = "1:1", .name = "a", .sql = "SELECT 1"},
                           {.where = "9:1", .name = "a", .sql = "SELECT 2"}})
          .status();
  EXPECT_THAT(std::string(twice.message()),
              HasSubstr("9:1: statement a: the name is taken, at 1:1"));

  const absl::Status utf8 =
      StatementBook::Make({{.where = "1:1", .name = "a", .sql = "SELECT '\xff'"}})
          .status();
  EXPECT_THAT(std::string(utf8.message()), HasSubstr("not valid UTF-8"));
}

}  // namespace
}  // namespace pgsluice
