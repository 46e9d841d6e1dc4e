#include "server/sql_folding.h"

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

struct Case {
  std::string_view sql;
  std::string_view folded;
};

void ExpectAll(std::initializer_list<Case> cases) {
  for (const Case& c : cases) EXPECT_EQ(FoldSql(c.sql), c.folded) << c.sql;
}

TEST(SqlFoldingTest, FoldsListsOfConstantsAndParameters) {
  ExpectAll({
      {"a IN (?)", "a IN (...)"},
      {"a IN (?, ?,?)", "a IN (...)"},
      {"a in(?, $1, $22)", "a in(...)"},
      {"a NOT IN (-?, + ?, NULL, true, FALSE)", "a NOT IN (...)"},
      {"a IN (?::int, $1::text[], ? :: numeric(?,?))", "a IN (...)"},
      {"a IN (?::pg_catalog.int4::\"My Type\")", "a IN (...)"},
      {"a IN (date ?, DATE?, U&?, B?)", "a IN (...)"},
      {"ARRAY[?, ?]", "ARRAY[...]"},
      {"array [$1]::int[] || b", "array [...]::int[] || b"},
      {"a IN (?) AND b IN (?, ?) OR c", "a IN (...) AND b IN (...) OR c"},
  });
}

TEST(SqlFoldingTest, LeavesListsOfOtherThings) {
  for (const std::string_view sql : {"a IN (SELECT ?)",
                                     "a IN (b)",
                                     "a IN (?, b)",
                                     "a IN (f(?))",
                                     "a IN (? + ?)",
                                     "a IN ()",
                                     "a IN (?",
                                     "a IN (?,",
                                     "a IN (b ? ?)",
                                     "ARRAY[ARRAY[b], ?]",
                                     "f(?, ?)",
                                     "SELECT ?, ?",
                                     "LIMIT ? OFFSET ?",
                                     "a IN ? ",
                                     "t.in (?, ?)",
                                     "min (?, ?)",
                                     "\"in\" (?, ?)",
                                     "\" IN (?, ?)\"",
                                     "IN",
                                     "ARRAY",
                                     "VALUES",
                                     ""}) {
    EXPECT_EQ(FoldSql(sql), sql);
  }
}

TEST(SqlFoldingTest, FoldsRows) {
  ExpectAll({
      {"VALUES (?)", "VALUES (...)"},
      {"INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) RETURNING a",
       "INSERT INTO t (a, b) VALUES (...) RETURNING a"},
      {"values(?, NULL),(DEFAULT, ?) ON CONFLICT (a) DO NOTHING",
       "values(...) ON CONFLICT (a) DO NOTHING"},
      {"VALUES ($1, now()), ($2, now()), ($3, NOW())", "VALUES ($1, now())"},
      {"VALUES (?, f(?)), (?, ?), (?, f(?))", "VALUES (?, f(?)), (...)"},
      {"SELECT * FROM (VALUES (?), (?)) AS v", "SELECT * FROM (VALUES (...)) AS v"},
      {"VALUES (\"a)\", ?), (?)", "VALUES (\"a)\", ?), (...)"},
      {"VALUES (?), f", "VALUES (...), f"},
      {"VALUES (?), (f(?)", "VALUES (...), (f(?)"},
      {"values, values from t", "values, values from t"},
  });
}

TEST(SqlFoldingTest, FoldsNamesOfSavepoints) {
  ExpectAll({
      {"SAVEPOINT \"s1\"", "SAVEPOINT ?"},
      {"savepoint s1", "savepoint ?"},
      {"ROLLBACK TO SAVEPOINT \"a \"\" b\"", "ROLLBACK TO SAVEPOINT ?"},
      {"RELEASE SAVEPOINT s1", "RELEASE SAVEPOINT ?"},
      {"SELECT savepoint FROM t", "SELECT savepoint FROM t"},
      {"SAVEPOINT", "SAVEPOINT"},
  });
}

// What is nested, or fails late, must not be read over and over.
TEST(SqlFoldingTest, TakesTimeInProportionToTheText) {
  constexpr int kMany = 200'000;
  const auto repeat = [](std::string_view text) {
    std::string all;
    for (int i = 0; i < kMany; ++i) all += text;
    return all;
  };
  for (const std::string& sql :
       {repeat("VALUES ("), repeat("IN (?, "), repeat("ARRAY["), repeat("(IN(?,?"),
        "VALUES " + repeat("(a), "), "IN (" + repeat("?::in(?), ") + "x)",
        "IN (?::" + repeat("a.") + "a)", repeat("\""), repeat("::"), repeat("- ")}) {
    EXPECT_LE(FoldSql(sql).size(), 2 * sql.size() + 3);
  }
}

}  // namespace
}  // namespace pgsluice
