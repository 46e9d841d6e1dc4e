#include "server/transaction_turn.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/transaction_sql.h"

namespace pgsluice {
namespace {

using ::testing::ElementsAre;

constexpr StatementLimits kLimits = {.max_sql_bytes = 100, .max_parameters = 10};

v1::TransactionRequest Execute(std::string sql = "SELECT 1", bool then_commit = false) {
  v1::TransactionRequest request;
  request.mutable_execute()->mutable_statement()->set_sql(std::move(sql));
  request.set_then_commit(then_commit);
  return request;
}
v1::TransactionRequest Query(bool then_commit = false) {
  v1::TransactionRequest request;
  request.mutable_query()->mutable_statement()->set_sql("SELECT 1");
  request.set_then_commit(then_commit);
  return request;
}
v1::TransactionRequest Commit() {
  v1::TransactionRequest request;
  request.mutable_commit();
  return request;
}
v1::TransactionRequest Rollback() {
  v1::TransactionRequest request;
  request.mutable_rollback();
  return request;
}
v1::TransactionRequest RollbackTo() {
  v1::TransactionRequest request;
  request.mutable_rollback_to()->set_name("s");
  return request;
}
v1::TransactionRequest Savepoint() {
  v1::TransactionRequest request;
  request.mutable_savepoint()->set_name("s");
  return request;
}
v1::TransactionRequest AnotherBegin() {
  v1::TransactionRequest request = Execute();
  request.mutable_begin();
  return request;
}

std::vector<TurnPart> Turn(const std::vector<v1::TransactionRequest>& requests,
                           bool begins = false) {
  std::vector<TurnPart> turn;
  for (const v1::TransactionRequest& request : requests) {
    turn.push_back(PartOf(request, kLimits));
  }
  if (begins) turn.front().begin = *BeginStatement({});
  return turn;
}

std::vector<std::string> SqlOf(const std::vector<TurnPart>& turn,
                               bool has_auto_savepoint = false) {
  std::vector<std::string> sql;
  for (const TurnLeg& leg : LegsOf(turn, has_auto_savepoint)) {
    sql.push_back(leg.execution.statement->sql);
    if (leg.execution.wants_flush) sql.back() += "!";
  }
  return sql;
}

TEST(TransactionTurnTest, OnlyWhatAnErrorMaySkipIsSentAlong) {
  struct Case {
    v1::TransactionRequest last, next;
    bool joins, joins_with_auto_savepoint;
  };
  const std::vector<Case> cases = {
      {Execute(), Execute(), true, false},
      {Execute(), Query(), true, false},
      {Execute(), Savepoint(), true, false},
      {Execute(), Commit(), true, false},
      {Execute(), Rollback(), false, false},
      {Execute(), RollbackTo(), false, false},
      {Execute(), AnotherBegin(), false, false},
      {Execute(), {}, false, false},
      {RollbackTo(), Execute(), true, false},
      {Query(), Execute(), false, false},
      {Commit(), Execute(), false, false},
      {Execute("SELECT 1", true), Execute(), false, false},
      {Execute("COPY a FROM STDIN"), Execute(), false, false}};
  for (size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(i);
    const std::vector<TurnPart> turn = Turn({cases[i].last});
    EXPECT_EQ(MayJoin(turn, cases[i].next, false), cases[i].joins);
    EXPECT_EQ(MayJoin(turn, cases[i].next, true), cases[i].joins_with_auto_savepoint);
  }
}

TEST(TransactionTurnTest, ABeginAloneTakesTheFirstStatementAlong) {
  const std::vector<TurnPart> turn = Turn({{}}, /*begins=*/true);

  EXPECT_TRUE(MayJoin(turn, Execute(), false));
  EXPECT_TRUE(MayJoin(turn, Execute(), true));
}

TEST(TransactionTurnTest, AWholeTransactionIsOneFlight) {
  EXPECT_THAT(SqlOf(Turn({Execute("SELECT 1", true)}, true)),
              ElementsAre("BEGIN", "SELECT 1!", "COMMIT"));
  EXPECT_THAT(
      SqlOf(Turn({Execute(), Savepoint(), Execute("SELECT 2"), Commit()}, true)),
      ElementsAre("BEGIN", "SELECT 1!", "SAVEPOINT \"s\"!", "SELECT 2!", "COMMIT"));
}

TEST(TransactionTurnTest, AutoSavepointWrapsStatementsButNotSavepoints) {
  EXPECT_THAT(SqlOf(Turn({Execute("SELECT 1", true)}, true), true),
              ElementsAre("BEGIN", "SAVEPOINT pgsluice_auto", "SELECT 1",
                          "RELEASE SAVEPOINT pgsluice_auto!", "COMMIT"));
  EXPECT_THAT(SqlOf(Turn({Savepoint()}), true), ElementsAre("SAVEPOINT \"s\""));
}

TEST(TransactionTurnTest, CommitWaitsForStreamedRows) {
  EXPECT_THAT(SqlOf(Turn({Query(true)})), ElementsAre("SELECT 1"));
}

TEST(TransactionTurnTest, WhatIsRefusedIsNeitherSentNorCommitted) {
  const std::vector<TurnPart> turn = Turn({Execute("COMMIT", true)}, true);

  EXPECT_FALSE(turn[0].refused.ok());
  EXPECT_THAT(SqlOf(turn), ElementsAre("BEGIN"));
}

TEST(TransactionTurnTest, SettingsComeBehindBeginAndNowhereElse) {
  const Statement settings{.sql = "SELECT set", .parameters = {}};
  const std::vector<TurnPart> first = Turn({Execute("SELECT 1", true)}, true);
  std::vector<TurnLeg> legs = LegsOf(first, true);
  AddPreambleLeg(legs, settings);

  ASSERT_GT(legs.size(), 2u);
  EXPECT_EQ(legs[0].task, LegTask::kBegin);
  EXPECT_EQ(legs[1].task, LegTask::kPreamble);
  EXPECT_EQ(legs[1].execution.statement, &settings);
  EXPECT_EQ(legs[2].task, LegTask::kSetSavepoint) << "no savepoint takes them back";

  const std::vector<TurnPart> later = Turn({Execute("SELECT 1")});
  legs = LegsOf(later, false);
  AddPreambleLeg(legs, settings);
  EXPECT_EQ(legs.size(), 1u);
}

TEST(TransactionTurnTest, PhasesSayWhatALostSessionMeans) {
  const std::vector<TurnPart> turn = Turn({Execute("SELECT 1", true)}, true);
  const std::vector<TurnLeg> legs = LegsOf(turn, false);

  EXPECT_EQ(legs[0].execution.phase, Phase::kConnect);
  EXPECT_EQ(legs[1].execution.phase, Phase::kTransaction);
  EXPECT_EQ(legs[2].execution.phase, Phase::kCommit);
}

TEST(TransactionTurnTest, AStatementThatWritesIsRefusedWhereAllOnlyReads) {
  const auto book = StatementBook::Make(
      {{.where = "1:1", .name = "r", .sql = "SELECT 1", .intent = Intent::kRead},
       {.where = "2:1", .name = "w", .sql = "DELETE FROM t", .intent = Intent::kWrite}});
  ASSERT_TRUE(book.ok()) << book.status();
  StatementSource source(kLimits);
  source.book = &*book;
  const auto part = [&source](const std::string& name) {
    v1::TransactionRequest request;
    request.mutable_execute()->mutable_statement()->set_name(name);
    TurnPart part = PartOf(std::move(request), source);
    RefuseWrite(part);
    return part;
  };

  EXPECT_TRUE(part("r").refused.ok());
  EXPECT_TRUE(part("r").statement.has_value());
  EXPECT_EQ(part("w").refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(part("w").statement.has_value());
  TurnPart sql = PartOf(Execute(), source);
  RefuseWrite(sql);
  EXPECT_TRUE(sql.statement.has_value()) << "PostgreSQL looks at it";
}

}  // namespace
}  // namespace pgsluice
