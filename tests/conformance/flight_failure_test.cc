// The session is lost while a flight is under way: what is claimed of each statement.
#include <string>
#include <vector>

#include "gmock/gmock.h"

#include "tests/conformance/session_test.h"

namespace pgsluice::testing {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;

class FlightFailureTest : public SessionTest {
 protected:
  // Waits until it runs, then ends its backend.
  static void KillWhenItRuns(const std::string& text) {
    ASSERT_TRUE(WaitFor("it runs", [&] { return cluster().CountActive(0, text) == 1; }));
    EXPECT_EQ(cluster().TerminateBackends(0, text), 1);
  }
};

TEST_F(FlightFailureTest, ABackendThatEndsItselfLeavesNoDoubt) {
  ASSERT_TRUE(Start({Leg("INSERT INTO ledger VALUES (1)", {}, Phase::kAutocommit),
                     Leg("SELECT pg_sleep(30)", {}, Phase::kAutocommit),
                     Leg("INSERT INTO ledger VALUES (2)", {}, Phase::kAutocommit)},
                    FlightKind::kIndependent)
                  .ok());
  const LegEnd first = Fetch();
  KillWhenItRuns("pg_sleep(30)");

  const LegEnd second = Fetch();
  const LegEnd third = Fetch();

  EXPECT_TRUE(first.ok()) << first.status;
  EXPECT_EQ(second.outcome(), Outcome::kRolledBack) << second.status;
  EXPECT_EQ(third.outcome(), Outcome::kNotStarted) << third.status;
  EXPECT_TRUE(session().facts().is_broken);
  EXPECT_EQ(CountLedger(), "1");
}

TEST_F(FlightFailureTest, AKilledBackendRollsATransactionWithoutCommitBack) {
  ASSERT_TRUE(Start({Leg("BEGIN"), Leg("INSERT INTO ledger VALUES (1)"),
                     Leg("SELECT pg_sleep(30)"), Leg("SELECT 1")},
                    FlightKind::kAtomic)
                  .ok());
  KillWhenItRuns("pg_sleep(30)");

  EXPECT_TRUE(Fetch().ok());
  EXPECT_TRUE(Fetch().ok());
  const LegEnd killed = Fetch();

  EXPECT_EQ(killed.reason(), "TRANSACTION_LOST") << killed.status;
  EXPECT_EQ(killed.outcome(), Outcome::kRolledBack);
  EXPECT_TRUE(WasSkipped(Fetch().status));
  EXPECT_EQ(CountLedger(), "0");
}

TEST_F(FlightFailureTest, ACutConnectionWithCommitBehindItIsInDoubt) {
  Execution insert = Leg("INSERT INTO ledger SELECT 1 FROM pg_sleep(1)");
  ASSERT_TRUE(Start({Leg("BEGIN"), insert, Leg("COMMIT", {}, Phase::kCommit)},
                    FlightKind::kAtomic)
                  .ok());
  ASSERT_TRUE(
      WaitFor("it runs", [] { return cluster().CountActive(0, "pg_sleep(1)") == 1; }));
  gate().CutAll();

  const LegEnd begin = Fetch();
  const LegEnd write = Fetch();
  const LegEnd commit = Fetch();

  EXPECT_EQ(begin.outcome(), Outcome::kUnknown) << begin.status;
  EXPECT_EQ(write.outcome(), Outcome::kUnknown) << write.status;
  EXPECT_EQ(commit.outcome(), Outcome::kUnknown) << commit.status;
}

TEST_F(FlightFailureTest, ACutConnectionWithoutCommitIsRolledBack) {
  ASSERT_TRUE(Start({Leg("BEGIN", {}, Phase::kConnect),
                     Leg("INSERT INTO ledger SELECT 1 FROM pg_sleep(1)")},
                    FlightKind::kAtomic)
                  .ok());
  ASSERT_TRUE(
      WaitFor("it runs", [] { return cluster().CountActive(0, "pg_sleep(1)") == 1; }));
  gate().CutAll();

  const LegEnd begin = Fetch();

  EXPECT_EQ(begin.outcome(), Outcome::kRolledBack) << begin.status;
  EXPECT_EQ(begin.reason(), "TRANSACTION_LOST");
}

TEST_F(FlightFailureTest, WhatWasNotSentWasNotStarted) {
  std::vector<Execution> legs = {Leg("SELECT pg_sleep(30)", {}, Phase::kAutocommit)};
  for (int i = 0; i < 3000; ++i) {
    legs.push_back(
        Leg("SELECT $1::text", {std::string(10'000, 'x')}, Phase::kAutocommit));
  }
  ASSERT_TRUE(Start(legs, FlightKind::kIndependent).ok());
  KillWhenItRuns("pg_sleep(30)");

  std::vector<LegEnd> ends;
  for (size_t i = 0; i < legs.size(); ++i) ends.push_back(Fetch());

  // What it was still to receive may cost the server's last word.
  EXPECT_THAT(ends.front().outcome(), AnyOf(Outcome::kRolledBack, Outcome::kUnknown));
  EXPECT_EQ(ends.back().outcome(), Outcome::kNotStarted) << ends.back().status;
}

TEST_F(FlightFailureTest, ASessionGoneWhileIdleHasSentNothing) {
  ASSERT_TRUE(Plain("SELECT 1").ok());
  ASSERT_TRUE(
      WaitFor("it is idle", [] { return cluster().CountBackends(0, "idle") == 1; }));
  cluster().Sql(0,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                "application_name = 'pgsluice'");
  ASSERT_TRUE(WaitFor("it shows", [&] { return gate().connections() == 0; }));
  for (int i = 0; i < 3; ++i) loop_.RunReady();

  const absl::Status started = Start({Leg("BEGIN", {}, Phase::kConnect), Leg("SELECT 1"),
                                      Leg("COMMIT", {}, Phase::kCommit)},
                                     FlightKind::kAtomic);

  const auto details = DetailsOf(started);
  ASSERT_TRUE(details.has_value()) << started;
  EXPECT_EQ(details->reason, "SESSION_LOST");
  EXPECT_EQ(details->outcome, Outcome::kNotStarted);
}

TEST_F(FlightFailureTest, CopyClosesTheSession) {
  ASSERT_TRUE(Start({Leg("SELECT 1"), Leg("COPY ledger TO STDOUT"), Leg("SELECT 2")},
                    FlightKind::kAtomic)
                  .ok());

  EXPECT_THAT(Fetch().rows, ElementsAre("1"));
  EXPECT_EQ(Fetch().reason(), "COPY_REFUSED");
  EXPECT_FALSE(Fetch().ok());
  EXPECT_TRUE(session().facts().is_broken);
}

}  // namespace
}  // namespace pgsluice::testing
