// A flight that goes well, and errors of its statements.
#include <string>
#include <vector>

#include "gmock/gmock.h"

#include "tests/conformance/session_test.h"

namespace pgsluice::testing {
namespace {

using ::testing::ElementsAre;

class FlightTest : public SessionTest {
 protected:
  // From here on round trips are counted however late the pieces of a flight leave.
  int64_t CountFrom() {
    gate().SetDelay(kCountingDelay);
    return gate().round_trips();
  }
};

TEST_F(FlightTest, AnswersEveryStatementInOrderInOneRoundTrip) {
  const int64_t before = CountFrom();

  const std::vector<LegEnd> ends =
      Fly({Leg("BEGIN"), Leg("INSERT INTO ledger VALUES (1), (2)"),
           Leg("SELECT a FROM ledger ORDER BY a"), Leg("COMMIT", {}, Phase::kCommit)},
          FlightKind::kAtomic);

  ASSERT_EQ(ends.size(), 4U);
  for (const LegEnd& end : ends) EXPECT_TRUE(end.ok()) << end.status;
  EXPECT_EQ(ends[0].result.command_tag, "BEGIN");
  EXPECT_EQ(ends[1].result.rows_affected, 2U);
  EXPECT_THAT(ends[2].rows, ElementsAre("1", "2"));
  EXPECT_EQ(ends[3].result.command_tag, "COMMIT");
  EXPECT_EQ(gate().round_trips() - before, 1);
  EXPECT_EQ(session().facts().transaction, TransactionStatus::kIdle);
  EXPECT_FALSE(session().facts().has_statement_in_progress);
}

TEST_F(FlightTest, ASessionServesPlainStatementsAfterAndBetweenFlights) {
  for (int i = 0; i < 5; ++i) {
    for (const FlightKind kind : {FlightKind::kAtomic, FlightKind::kIndependent}) {
      const std::vector<LegEnd> ends =
          Fly({Leg("SELECT $1::int", {"1"}), Leg("SELECT $1::text", {"x"})}, kind);
      EXPECT_THAT(ends[0].rows, ElementsAre("1"));
      EXPECT_THAT(ends[1].rows, ElementsAre("x"));
      EXPECT_THAT(Plain("SELECT 3").rows, ElementsAre("3"));
    }
  }
}

TEST_F(FlightTest, AFlightOfOneIsAPlainStatement) {
  const std::vector<LegEnd> ends =
      Fly({Leg("SELECT 1", {}, Phase::kAutocommit)}, FlightKind::kIndependent);

  EXPECT_THAT(ends[0].rows, ElementsAre("1"));
}

TEST_F(FlightTest, RowsComeInSeveralTurns) {
  ASSERT_TRUE(Start({Leg("SELECT * FROM generate_series(1, 10)"), Leg("SELECT 'next'")},
                    FlightKind::kAtomic)
                  .ok());
  TextSink sink;
  sink.PauseEvery(3);

  const LegEnd first = Fetch(sink);

  EXPECT_EQ(first.rows.size(), 10U);
  EXPECT_EQ(first.turns, 4);
  EXPECT_THAT(Fetch().rows, ElementsAre("next"));
}

TEST_F(FlightTest, AnErrorSkipsTheRestOfAnAtomicFlight) {
  const std::vector<LegEnd> ends =
      Fly({Leg("BEGIN"), Leg("INSERT INTO ledger VALUES (1)"), Leg("SELECT 1/0"),
           Leg("INSERT INTO ledger VALUES (2)"), Leg("COMMIT", {}, Phase::kCommit)},
          FlightKind::kAtomic);

  EXPECT_TRUE(ends[1].ok());
  EXPECT_EQ(ends[2].reason(), "DIVISION_BY_ZERO");
  for (size_t i : {3, 4}) {
    EXPECT_TRUE(WasSkipped(ends[i].status)) << ends[i].status;
    EXPECT_EQ(ends[i].outcome(), Outcome::kNotStarted);
  }
  EXPECT_EQ(session().facts().transaction, TransactionStatus::kFailed);
  EXPECT_EQ(Plain("ROLLBACK").result.command_tag, "ROLLBACK");
  EXPECT_EQ(CountLedger(), "0");
}

TEST_F(FlightTest, AnAtomicFlightOutsideATransactionIsOne) {
  const std::vector<LegEnd> ends =
      Fly({Leg("INSERT INTO ledger VALUES (1)", {}, Phase::kAutocommit),
           Leg("SELECT 1/0", {}, Phase::kAutocommit)},
          FlightKind::kAtomic);

  EXPECT_TRUE(ends[0].ok());
  EXPECT_FALSE(ends[1].ok());
  EXPECT_EQ(CountLedger(), "0");
}

TEST_F(FlightTest, ErrorsOfAnIndependentFlightAreIsolated) {
  const std::vector<LegEnd> ends =
      Fly({Leg("INSERT INTO ledger VALUES (1)", {}, Phase::kAutocommit),
           Leg("SELECT 1/0", {}, Phase::kAutocommit),
           Leg("INSERT INTO ledger VALUES (2)", {}, Phase::kAutocommit),
           Leg("nonsense", {}, Phase::kAutocommit),
           Leg("INSERT INTO ledger VALUES (3)", {}, Phase::kAutocommit)},
          FlightKind::kIndependent);

  EXPECT_TRUE(ends[0].ok() && ends[2].ok() && ends[4].ok());
  EXPECT_EQ(ends[1].reason(), "DIVISION_BY_ZERO");
  EXPECT_EQ(ends[3].reason(), "SYNTAX_ERROR");
  EXPECT_EQ(CountLedger(), "3");
}

TEST_F(FlightTest, AnErrorOfTheImplicitCommitIsTheStatementsOwn) {
  const std::vector<LegEnd> ends =
      Fly({Leg("INSERT INTO ledger VALUES (1, 77)", {}, Phase::kAutocommit),
           Leg("INSERT INTO ledger VALUES (2)", {}, Phase::kAutocommit)},
          FlightKind::kIndependent);

  EXPECT_EQ(ends[0].reason(), "FOREIGN_KEY_VIOLATION");
  EXPECT_TRUE(ends[1].ok()) << ends[1].status;
  EXPECT_EQ(CountLedger(), "1");
  EXPECT_THAT(Plain("SELECT 1").rows, ElementsAre("1"));
}

TEST_F(FlightTest, StatementsArePreparedWithinAFlight) {
  for (const FlightKind kind : {FlightKind::kAtomic, FlightKind::kIndependent}) {
    for (int round = 0; round < 3; ++round) {
      std::vector<Execution> legs;
      for (int i = 0; i < 4; ++i) {
        legs.push_back(Leg(absl::StrCat("SELECT ", static_cast<int>(kind), " + $1::int"),
                           {absl::StrCat(i)}, Phase::kAutocommit));
      }
      const std::vector<LegEnd> ends = Fly(legs, kind);
      for (int i = 0; i < 4; ++i) {
        EXPECT_THAT(ends[i].rows, ElementsAre(absl::StrCat(static_cast<int>(kind) + i)));
      }
    }
  }
  EXPECT_THAT(Plain("SELECT count(*) FROM pg_prepared_statements").rows,
              ElementsAre("2"));
}

TEST_F(FlightTest, AStatementWhosePreparingWasSkippedIsPreparedLater) {
  const auto fly = [&](std::string before) {
    return Fly({Leg(std::move(before)), Leg("SELECT $1::int + 5", {"1"})},
               FlightKind::kAtomic);
  };
  fly("SELECT 1");
  fly("SELECT 1/0");  // Would be prepared here.

  EXPECT_THAT(fly("SELECT 1")[1].rows, ElementsAre("6"));
  EXPECT_THAT(fly("SELECT 1")[1].rows, ElementsAre("6"));
}

TEST_F(FlightTest, EvictedStatementsAreDeallocatedWithALaterFlight) {
  SessionOptions options;
  options.prepared_statements = 2;
  auto small = Open(options);
  for (int i = 0; i < 10; ++i) {
    for (int round = 0; round < 2; ++round) {
      const std::vector<Execution> legs = {
          Leg(absl::StrCat("SELECT ", i, " + $1::int"), {"1"}, Phase::kRead)};
      ASSERT_TRUE(Run(small->StartFlight(legs, FlightKind::kAtomic)).ok());
      TextSink sink;
      ASSERT_TRUE(Run(small->Fetch(sink)).ok());
      EXPECT_THAT(sink.rows(), ElementsAre(absl::StrCat(i + 1)));
    }
  }
  const std::vector<Execution> count = {
      Leg("SELECT count(*) FROM pg_prepared_statements", {}, Phase::kRead)};
  ASSERT_TRUE(Run(small->StartFlight(count, FlightKind::kAtomic)).ok());
  TextSink sink;
  ASSERT_TRUE(Run(small->Fetch(sink)).ok());

  EXPECT_THAT(sink.rows(), ElementsAre("2"));
  small->Close();
}

TEST_F(FlightTest, AReadOnThePrimaryIsOneRoundTripAndLeavesNothing) {
  const int64_t before = CountFrom();

  const LegEnd read =
      Plain("SELECT current_setting('transaction_read_only')", Phase::kRead);

  EXPECT_THAT(read.rows, ElementsAre("on"));
  EXPECT_EQ(gate().round_trips() - before, 1);
  EXPECT_EQ(session().facts().transaction, TransactionStatus::kIdle);
  const LegEnd write = Plain("INSERT INTO ledger VALUES (1)", Phase::kRead);
  EXPECT_EQ(write.reason(), "READ_ONLY") << write.status;
  EXPECT_TRUE(CleanUp().ok());
  EXPECT_EQ(Plain("INSERT INTO ledger VALUES (1)").result.rows_affected, 1U);
}

TEST_F(FlightTest, ReadsOfAnIndependentFlightAreReadOnlyEach) {
  const std::vector<LegEnd> ends =
      Fly({Leg("SELECT 1", {}, Phase::kRead),
           Leg("INSERT INTO ledger VALUES (1)", {}, Phase::kRead),
           Leg("SELECT current_setting('transaction_read_only')", {}, Phase::kRead)},
          FlightKind::kIndependent);

  EXPECT_THAT(ends[0].rows, ElementsAre("1"));
  EXPECT_EQ(ends[1].reason(), "READ_ONLY");
  EXPECT_THAT(ends[2].rows, ElementsAre("on"));
  EXPECT_EQ(session().facts().transaction, TransactionStatus::kIdle);
}

TEST_F(FlightTest, AReadWhoseTableHasChangedIsSentAgain) {
  cluster().Sql(0, "CREATE TABLE shape AS SELECT 1 AS a");
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Plain("TABLE shape", Phase::kRead).ok());
  cluster().Sql(0, "ALTER TABLE shape ADD COLUMN b text DEFAULT 'new'");

  const LegEnd after = Plain("TABLE shape", Phase::kRead);

  EXPECT_TRUE(after.ok()) << after.status;
  EXPECT_THAT(after.rows, ElementsAre("1|new"));
  cluster().Sql(0, "DROP TABLE shape");
}

TEST_F(FlightTest, NoticesGoWithTheirStatement) {
  const std::vector<LegEnd> ends = Fly(
      {Leg("SELECT 1"), Leg("DO $$ BEGIN RAISE NOTICE 'mine'; END $$"), Leg("SELECT 2")},
      FlightKind::kAtomic);

  EXPECT_TRUE(ends[0].result.notices.empty());
  ASSERT_EQ(ends[1].result.notices.size(), 1U);
  EXPECT_EQ(ends[1].result.notices[0].message, "mine");
  EXPECT_TRUE(ends[2].result.notices.empty());
}

TEST_F(FlightTest, AFlushedResultIsHereWhileTheNextStatementRuns) {
  auto other = Open();
  const std::vector<Execution> lock = {Leg("SELECT pg_advisory_lock(1)")};
  const std::vector<Execution> unlock = {Leg("SELECT pg_advisory_unlock(1)")};
  TextSink ignored;
  ASSERT_TRUE(Run(other->StartFlight(lock, FlightKind::kAtomic)).ok());
  ASSERT_TRUE(Run(other->Fetch(ignored)).ok());
  Execution facts = Leg("SELECT 'facts'");
  facts.wants_flush = true;
  ASSERT_TRUE(
      Start({facts, Leg("SELECT pg_advisory_lock(1)")}, FlightKind::kAtomic).ok());

  EXPECT_THAT(Fetch().rows, ElementsAre("facts"));

  ASSERT_TRUE(Run(other->StartFlight(unlock, FlightKind::kAtomic)).ok());
  ASSERT_TRUE(Run(other->Fetch(ignored)).ok());
  EXPECT_TRUE(Fetch().ok());
  other->Close();
}

TEST_F(FlightTest, AThousandStatementsWithLargeParametersAndResultsDoNotBlock) {
  for (const FlightKind kind : {FlightKind::kAtomic, FlightKind::kIndependent}) {
    std::vector<Execution> legs;
    for (int i = 0; i < 1000; ++i) {
      legs.push_back(Leg("SELECT $1::text || $2", {std::string(10'000, 'x'), "y"},
                         Phase::kAutocommit));
    }

    const std::vector<LegEnd> ends = Fly(legs, kind);

    for (const LegEnd& end : ends) {
      ASSERT_TRUE(end.ok()) << end.status;
      ASSERT_EQ(end.rows.at(0).size(), 10'001U);
    }
  }
}

TEST_F(FlightTest, AnErrorEarlyInALargeAtomicFlightSavesSendingTheRest) {
  std::vector<Execution> legs = {Leg("BEGIN"), Leg("SELECT 1/0")};
  for (int i = 0; i < 1000; ++i) {
    legs.push_back(Leg("SELECT $1::text", {std::string(10'000, 'x')}));
  }

  const std::vector<LegEnd> ends = Fly(legs, FlightKind::kAtomic);

  EXPECT_EQ(ends[1].reason(), "DIVISION_BY_ZERO");
  for (size_t i = 2; i < ends.size(); ++i)
    ASSERT_TRUE(WasSkipped(ends[i].status)) << i << ends[i].status;
  EXPECT_EQ(Plain("ROLLBACK").result.command_tag, "ROLLBACK");
}

}  // namespace
}  // namespace pgsluice::testing
