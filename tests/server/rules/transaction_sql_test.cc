#include "server/transaction_sql.h"

#include "gtest/gtest.h"

#include "pool/error.h"

namespace pgsluice {
namespace {

constexpr v1::Isolation kLevels[] = {
    v1::ISOLATION_UNSPECIFIED, v1::ISOLATION_READ_COMMITTED,
    v1::ISOLATION_REPEATABLE_READ, v1::ISOLATION_SERIALIZABLE};

v1::Begin MakeBegin(v1::Isolation isolation, bool is_read, bool read_only,
                    bool deferrable, bool is_strong = false) {
  v1::Begin begin;
  begin.set_isolation(isolation);
  begin.set_read_only(read_only);
  begin.set_deferrable(deferrable);
  if (is_read) begin.mutable_options()->set_intent(v1::INTENT_READ);
  if (is_strong) begin.mutable_options()->mutable_freshness()->set_strong(true);
  return begin;
}

TEST(TransactionSqlTest, SaysWhatBeginAsksFor) {
  struct Case {
    v1::Begin begin;
    std::string_view sql;
  };
  for (const Case& c : {
           Case{MakeBegin(kLevels[0], false, false, false), "BEGIN"},
           Case{MakeBegin(kLevels[1], false, false, false),
                "BEGIN ISOLATION LEVEL READ COMMITTED"},
           Case{MakeBegin(kLevels[2], true, false, false),
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"},
           Case{MakeBegin(kLevels[3], false, false, false),
                "BEGIN ISOLATION LEVEL SERIALIZABLE"},
           Case{MakeBegin(kLevels[3], false, true, true),
                "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE"},
           Case{MakeBegin(kLevels[3], true, false, false, /*is_strong=*/true),
                "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY"},
           Case{MakeBegin(kLevels[0], true, true, false), "BEGIN READ ONLY"},
       }) {
    const auto statement = BeginStatement(c.begin);
    ASSERT_TRUE(statement.ok()) << statement.status();
    EXPECT_EQ(statement->sql, c.sql);
    EXPECT_EQ(statement->kind, StatementKind::kTransactionControl);
    EXPECT_TRUE(statement->parameters.empty());
  }
}

TEST(TransactionSqlTest, ReadsNeverWriteInAnyMode) {
  for (v1::Isolation level : kLevels) {
    for (bool is_strong : {false, true}) {
      const auto statement =
          BeginStatement(MakeBegin(level, true, false, false, is_strong));
      if (!statement.ok()) continue;
      EXPECT_NE(statement->sql.find(" READ ONLY"), std::string::npos) << statement->sql;
    }
  }
}

TEST(TransactionSqlTest, RefusesWhatAReplicaCannotDo) {
  EXPECT_EQ(DetailsOf(BeginStatement(MakeBegin(kLevels[3], true, false, false)).status())
                ->field,
            "begin.isolation");
  EXPECT_EQ(
      DetailsOf(BeginStatement(MakeBegin(kLevels[0], true, false, true)).status())->field,
      "begin.deferrable");
}

TEST(TransactionSqlTest, RefusesALevelItDoesNotKnow) {
  const auto statement =
      BeginStatement(MakeBegin(static_cast<v1::Isolation>(99), false, false, false));

  EXPECT_EQ(statement.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(TransactionSqlTest, EndsTransactions) {
  EXPECT_EQ(CommitStatement().sql, "COMMIT");
  EXPECT_EQ(RollbackStatement().sql, "ROLLBACK");
}

TEST(TransactionSqlTest, QuotesNames) {
  EXPECT_EQ(SavepointStatement("a")->sql, "SAVEPOINT \"a\"");
  EXPECT_EQ(RollbackToStatement("a b")->sql, "ROLLBACK TO SAVEPOINT \"a b\"");
  EXPECT_EQ(ReleaseStatement("A")->sql, "RELEASE SAVEPOINT \"A\"");
  EXPECT_EQ(SavepointStatement("x\"; DROP TABLE t; --")->sql,
            "SAVEPOINT \"x\"\"; DROP TABLE t; --\"");
  EXPECT_EQ(SavepointStatement("\"\"")->sql, "SAVEPOINT \"\"\"\"\"\"");
}

TEST(TransactionSqlTest, RefusesNamesThatPostgresWouldChange) {
  EXPECT_EQ(DetailsOf(SavepointStatement("").status())->field, "savepoint.name");
  EXPECT_EQ(DetailsOf(RollbackToStatement("").status())->field, "rollback_to.name");
  EXPECT_EQ(DetailsOf(ReleaseStatement("").status())->field, "release.name");
  EXPECT_TRUE(SavepointStatement(std::string(63, 'a')).ok());
  EXPECT_FALSE(SavepointStatement(std::string(64, 'a')).ok());
  EXPECT_FALSE(SavepointStatement(std::string("a\0b", 3)).ok());
}

}  // namespace
}  // namespace pgsluice
