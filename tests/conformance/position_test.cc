// Where the WAL is behind a write, asked in the write's own round trip.
#include <string>
#include <vector>

#include "gmock/gmock.h"

#include "pool/commit_outcome.h"
#include "tests/conformance/session_test.h"

namespace pgsluice::testing {
namespace {

using ::testing::ElementsAre;

class PositionTest : public SessionTest {
 protected:
  Execution Asking(Execution leg) {
    leg.wants_position = true;
    return leg;
  }
  LegEnd Write(std::string sql) {
    const Execution execution = Asking(Leg(std::move(sql), {}, Phase::kAutocommit));
    LegEnd end;
    end.status = Run(session().Start(execution));
    return end.ok() ? Fetch() : end;
  }
  static uint64_t Inserted() {
    return ParseLsn(cluster().Sql(0, "SELECT pg_current_wal_insert_lsn()")).value_or(0);
  }
  // It lies behind what was there, and not behind what is.
  static void ExpectBehind(uint64_t before, const LegEnd& end) {
    ASSERT_TRUE(end.ok()) << end.status;
    ASSERT_TRUE(end.result.position.has_value());
    EXPECT_EQ(end.result.position->timeline, 1u);
    EXPECT_GT(end.result.position->lsn, before);
    EXPECT_LE(end.result.position->lsn, Inserted());
  }
};

TEST_F(PositionTest, ComesWithAWriteInItsRoundTrip) {
  gate().SetDelay(kCountingDelay);
  for (int i = 1; i <= 5; ++i) {
    const uint64_t before = Inserted();
    const int64_t trips = gate().round_trips();
    const LegEnd end =
        Write("INSERT INTO ledger SELECT coalesce(max(a), 0) + 1 FROM ledger");

    EXPECT_EQ(gate().round_trips() - trips, 1);
    EXPECT_EQ(end.result.rows_affected, 1u);
    ExpectBehind(before, end);
    EXPECT_EQ(session().facts().transaction, TransactionStatus::kIdle);
    EXPECT_FALSE(session().facts().has_statement_in_progress);
    EXPECT_FALSE(session().facts().needs_reset);
  }
  EXPECT_EQ(CountLedger(), "5");
}

TEST_F(PositionTest, AWriteThatFailsHasNoneAndTheSessionGoesOn) {
  Write("INSERT INTO ledger VALUES (1)");

  const LegEnd twice = Write("INSERT INTO ledger VALUES (1)");
  const LegEnd deferred = Write("INSERT INTO ledger VALUES (2, 77)");
  const LegEnd nonsense = Write("nonsense");

  EXPECT_EQ(twice.reason(), "UNIQUE_VIOLATION");
  EXPECT_EQ(deferred.reason(), "FOREIGN_KEY_VIOLATION") << "comes with its commit";
  EXPECT_EQ(nonsense.reason(), "SYNTAX_ERROR");
  const uint64_t before = Inserted();
  ExpectBehind(before, Write("INSERT INTO ledger VALUES (3)"));
  EXPECT_EQ(CountLedger(), "2");
}

TEST_F(PositionTest, RowsComeFirstInSeveralTurns) {
  const uint64_t before = Inserted();
  const Execution execution =
      Asking(Leg("INSERT INTO ledger SELECT generate_series(1, 10) RETURNING a", {},
                 Phase::kAutocommit));
  ASSERT_TRUE(Run(session().Start(execution)).ok());
  TextSink sink;
  sink.PauseEvery(3);

  const LegEnd end = Fetch(sink);

  EXPECT_EQ(end.rows.size(), 10u);
  EXPECT_EQ(end.turns, 4);
  ExpectBehind(before, end);
}

TEST_F(PositionTest, ComesWithCommitInAFlightAndAlone) {
  uint64_t before = Inserted();
  const std::vector<LegEnd> ends =
      Fly({Leg("BEGIN"), Leg("INSERT INTO ledger VALUES (1)"),
           Asking(Leg("COMMIT", {}, Phase::kCommit))},
          FlightKind::kAtomic);
  ASSERT_EQ(ends.size(), 3u);
  EXPECT_EQ(ends[2].result.command_tag, "COMMIT");
  ExpectBehind(before, ends[2]);

  before = Inserted();
  Fly({Leg("BEGIN"), Leg("INSERT INTO ledger VALUES (2)")}, FlightKind::kAtomic);
  const std::vector<LegEnd> alone =
      Fly({Asking(Leg("COMMIT", {}, Phase::kCommit))}, FlightKind::kAtomic);
  ExpectBehind(before, alone[0]);
  EXPECT_EQ(session().facts().transaction, TransactionStatus::kIdle);
}

TEST_F(PositionTest, ACommitThatIsSkippedHasNoneAndTheTransactionStaysFailed) {
  const std::vector<LegEnd> ends =
      Fly({Leg("BEGIN"), Leg("SELECT 1/0"), Asking(Leg("COMMIT", {}, Phase::kCommit))},
          FlightKind::kAtomic);

  EXPECT_EQ(ends[1].reason(), "DIVISION_BY_ZERO");
  EXPECT_TRUE(WasSkipped(ends[2].status)) << ends[2].status;
  EXPECT_EQ(session().facts().transaction, TransactionStatus::kFailed);
  EXPECT_EQ(Plain("ROLLBACK").result.command_tag, "ROLLBACK");
  EXPECT_THAT(Plain("SELECT 1").rows, ElementsAre("1"));
}

TEST_F(PositionTest, WhatRunsInNoTransactionStillRuns) {
  const LegEnd vacuumed = Write("VACUUM ledger");

  EXPECT_TRUE(vacuumed.ok()) << vacuumed.status;
  EXPECT_TRUE(vacuumed.result.position.has_value());
}

TEST_F(PositionTest, LostPreparedStatementsCostNoWriteItsPosition) {
  const std::string insert =
      "INSERT INTO ledger SELECT coalesce(max(a), 0) + 1 FROM ledger";
  for (int i = 0; i < 3; ++i) Write(insert);
  ASSERT_TRUE(Plain("DEALLOCATE ALL").ok());

  const uint64_t before = Inserted();
  ExpectBehind(before, Write(insert));
  EXPECT_EQ(CountLedger(), "4");
}

}  // namespace
}  // namespace pgsluice::testing
