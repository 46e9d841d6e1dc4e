#include "pool/state_risk.h"

#include <algorithm>
#include <string>

#include "gtest/gtest.h"

#include "pool/commit_evidence.h"
#include "pool/harmless_functions.h"

namespace pgsluice {
namespace {

StateRisk Judge(std::string_view sql) {
  return JudgeStateRisk(ClassifyStatement(sql), sql);
}

void ExpectHarmless(std::initializer_list<std::string_view> statements) {
  for (std::string_view sql : statements) EXPECT_EQ(Judge(sql), StateRisk::kNone) << sql;
}

void ExpectRisk(std::initializer_list<std::string_view> statements) {
  for (std::string_view sql : statements) {
    EXPECT_EQ(Judge(sql), StateRisk::kPossible) << sql;
  }
}

TEST(StateRiskTest, PlainStatementsWithoutCallsAreHarmless) {
  ExpectHarmless(
      {"SELECT 1", "TABLE t", "VALUES (1), (2)", "SELECT * FROM t WHERE (a = 1)",
       "DELETE FROM t WHERE a IN (1, 2) AND (b) OR NOT (c)",
       "SELECT a OPERATOR(pg_catalog.=) b, c operator(\"pg_catalog\".<) d FROM t",
       "UPDATE t SET (a, b) = (1, 2) WHERE id = ANY ($1)"});
}

TEST(StateRiskTest, ListedFunctionsAreHarmless) {
  ExpectHarmless({"SELECT count(*), max(a), Lower (b) FROM t",
                  "SELECT pg_catalog.now(), \"pg_catalog\".now(), \"now\"()",
                  "SELECT now /* at */ -- once\n ()",
                  "SELECT coalesce(a, nullif(b, 0), greatest(c, d)) FROM t",
                  "SELECT extract(epoch FROM a), CAST(b AS text), row(1, 2) FROM t",
                  "SELECT sum(a) FILTER (WHERE b) OVER (PARTITION BY c) FROM t",
                  "SELECT i FROM generate_series(1, $1) i",
                  "SELECT pg_sleep(1), pg_advisory_xact_lock(1)"});
}

TEST(StateRiskTest, NamesBeforeParenthesesThatAreNoCallsAreHarmless) {
  ExpectHarmless(
      {"INSERT INTO t (a, b) VALUES ($1, $2) ON CONFLICT (a) DO NOTHING",
       "INSERT INTO s.\"T\"(a) SELECT 1", "WITH w (a) AS (SELECT 1) SELECT * FROM w",
       "WITH RECURSIVE w(a) AS MATERIALIZED (SELECT 1) SELECT * FROM w",
       "SELECT a::numeric(10, 2), b::varchar(3), CAST(c AS mine(4)) FROM t",
       "SELECT * FROM unnest($1, $2) AS u(a, b)",
       "SELECT * FROM t JOIN (SELECT 1) u USING (a) CROSS JOIN LATERAL (TABLE v) w",
       "SELECT a FROM t GROUP BY GROUPING SETS ((a), ROLLUP (a), CUBE (a))",
       "MERGE INTO t USING u ON (t.a = u.a) WHEN MATCHED THEN DELETE "
       "WHEN NOT MATCHED THEN INSERT (a) VALUES (1)"});
}

TEST(StateRiskTest, WhatTheGatewayAsksBeforeACommitIsHarmless) {
  EXPECT_EQ(Judge(NoteEvidenceStatement("note").sql), StateRisk::kNone);
}

TEST(StateRiskTest, TheViewThatSetsSettingsIsARisk) {
  ExpectRisk(
      {"UPDATE pg_settings SET setting = '1MB' WHERE name = 'work_mem'",
       "WITH u AS (UPDATE pg_catalog.\"pg_settings\" SET setting = 'x' RETURNING 1) "
       "TABLE u",
       "MERGE INTO PG_SETTINGS USING t ON true WHEN MATCHED THEN DELETE"});
}

TEST(StateRiskTest, TextThatOnlyLooksLikeACallIsHarmless) {
  ExpectHarmless({"SELECT 'set_config(1)'", "SELECT $$set_config(1)$$",
                  "SELECT E'\\'f(1)'", "SELECT 1 -- set_config(1)",
                  "SELECT 1 /* set_config(1) */", "SELECT set_config, (a) FROM t",
                  "SELECT 'it''s f(1)'"});
}

TEST(StateRiskTest, AllOtherCallsAreRisks) {
  ExpectRisk({"SELECT set_config('a', 'b', false)",
              "SELECT SET_CONFIG('a', 'b', false)",
              "SELECT pg_catalog.set_config('a', 'b', false)",
              "SELECT \"set_config\"('a', 'b', false)",
              "SELECT pg_advisory_lock(1)",
              "SELECT pg_try_advisory_lock(1)",
              "SELECT nextval('s')",
              "SELECT mine()",
              "SELECT mine ( )",
              "SELECT mine/**/()",
              "SELECT mine--\n()",
              "INSERT INTO t (a) VALUES (mine(1))",
              "SELECT * FROM mine(1)",
              "WITH w AS (SELECT mine()) SELECT 1",
              "UPDATE t SET a = mine(a)",
              "DELETE FROM t RETURNING mine(a)",
              "SELECT count(mine(a)) FROM t",
              "SELECT setseed(0)",
              "SELECT query_to_xml('SELECT 1', true, true, '')",
              "SELECT DISTINCT ON (a) mine(b) FROM t",
              "SELECT 1mine(2)",
              "SELECT $1mine(2)",
              "SELECT a OPERATOR(s.+) b FROM t"});
}

TEST(StateRiskTest, NamesakesInOtherSchemasAreRisks) {
  ExpectRisk({"SELECT public.now()", "SELECT \"S\".count(1)", "SELECT a.pg_catalog.now()",
              "SELECT \"PG_CATALOG\".now()", "SELECT \"NOW\"()", "SELECT \"join\"(1)",
              "SELECT s.join(1)", "SELECT (a).now(1)"});
}

TEST(StateRiskTest, MakingATableOfAResultIsARisk) {
  ExpectRisk(
      {"SELECT 1 INTO TEMP t", "SELECT 1 INTO t", "SELECT a INTO TABLE t FROM u",
       "WITH w AS (SELECT 1) SELECT * INTO pg_temp.t FROM w",
       "SELECT a insert INTO TEMP t FROM u", "SELECT a insert INTO pg_temp.t FROM u",
       "SELECT a merge INTO \"pg_temp\".t FROM u", "SELECT a insert INTO UNLOGGED t"});
}

TEST(StateRiskTest, WhatIsNotUnderstoodIsARisk) {
  ExpectRisk(
      {R"(SELECT 'a\' || now())", R"(SELECT U&"f\006f"(1))", "SELECT 'a", "SELECT /* 1"});
}

TEST(StateRiskTest, OtherStatementsAreRisks) {
  ExpectRisk({"SET a = 1", "DO $$ BEGIN END $$", "PREPARE p AS SELECT 1", "DISCARD ALL",
              "CREATE TEMP TABLE t (a int)", "CALL mine()",
              "DECLARE c CURSOR WITH HOLD FOR "
              "SELECT 1",
              "EXPLAIN ANALYZE SELECT mine()", "LOAD 'x'", "LISTEN a"});
  ExpectHarmless({"BEGIN", "COMMIT", "SAVEPOINT a"});
}

TEST(StateRiskTest, TheListIsInLowerCaseAndLeavesOutWhatChangesState) {
  for (std::string_view name : HarmlessFunctions()) {
    EXPECT_TRUE(std::none_of(name.begin(), name.end(), [](char c) {
      return c >= 'A' && c <= 'Z';
    })) << name;
    EXPECT_TRUE(IsHarmlessFunction(name)) << name;
  }
  for (const char* name :
       {"set_config", "setseed", "nextval", "setval", "pg_advisory_lock", "lo_open",
        "pg_advisory_lock_shared", "pg_try_advisory_lock", "pg_advisory_unlock", "dblink",
        "query_to_xml", "cursor_to_xml", "ts_stat", "ts_rewrite", "", "a"}) {
    EXPECT_FALSE(IsHarmlessFunction(name)) << name;
  }
}

TEST(StateRiskTest, TakesAnyBytes) {
  const std::string tokens[] = {"'",  "\"", "$",  "$$", "a",  "(",    ".",  "\\", "/*",
                                "*/", "--", "\n", "E'", "::", "INTO", "as", "1",  "\xFF"};
  for (const std::string& a : tokens) {
    for (const std::string& b : tokens) {
      for (const std::string& c : tokens) Judge("SELECT " + a + b + c);
    }
  }
}

}  // namespace
}  // namespace pgsluice
