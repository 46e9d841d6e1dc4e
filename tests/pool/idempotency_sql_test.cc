#include "pool/idempotency_sql.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "pool/state_risk.h"

namespace pgsluice {
namespace {

using testing::HasSubstr;
using testing::Not;

const IdempotencyTable kOdd = {.schema = "My \"own\"", .name = "t;--"};

TEST(IdempotencySqlTest, QuotesNames) {
  EXPECT_EQ(QualifiedName({}), "\"pgsluice\".\"idempotency\"");
  EXPECT_EQ(QualifiedName(kOdd), "\"My \"\"own\"\"\".\"t;--\"");
  EXPECT_EQ(CreateSchemaSql(kOdd), "CREATE SCHEMA IF NOT EXISTS \"My \"\"own\"\"\"");
  EXPECT_THAT(CreateTableSql(kOdd).back(), HasSubstr("\"t;--_recorded_at\" ON"));
  EXPECT_THAT(GrantSql(kOdd, "a\"b").back(), HasSubstr(" TO \"a\"\"b\""));
  EXPECT_THAT(IdempotencyScript({}), HasSubstr("TO :\"gateway\";\n"));
}

TEST(IdempotencySqlTest, CarriesCallersWordsAsParametersOnly) {
  const std::string word = "x'); DROP TABLE t; --";
  for (const Statement& statement :
       {ReserveKeyStatement({}, word, word), ReadOutcomeStatement({}, word, word),
        RecordOutcomeStatement({}, word, word, word)}) {
    EXPECT_THAT(statement.sql, Not(HasSubstr("DROP")));
    EXPECT_THAT(statement.sql, Not(HasSubstr("{")));
    EXPECT_EQ(statement.kind, StatementKind::kPlain);
  }
}

// Else every write with a key would cost a reset of its session.
TEST(IdempotencySqlTest, LeavesNothingBehindOnItsSession) {
  for (const Statement& statement :
       {ReserveKeyStatement({}, "k", "d"), ReadOutcomeStatement({}, "k", "d"),
        RecordOutcomeStatement({}, "r", "k", "o")}) {
    EXPECT_EQ(JudgeStateRisk(statement.kind, statement.sql),
              JudgeStateRisk(StatementKind::kPlain, "SELECT 1"));
  }
}

}  // namespace
}  // namespace pgsluice
