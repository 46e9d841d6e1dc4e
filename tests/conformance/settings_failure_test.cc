// Settings that fail, and statements with settings that fail, are stopped, or lose their
// session.
#include <string>
#include <vector>

#include "gmock/gmock.h"

#include "tests/conformance/settings_fixture.h"

namespace pgsluice::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SettingsFailureTest : public SettingsTest {
 protected:
  static constexpr char kSlowWrite[] =
      "INSERT INTO ledger SELECT 1 FROM pg_sleep(30) RETURNING a";

  static void WaitUntilItRuns() {
    ASSERT_TRUE(
        WaitFor("it runs", [] { return cluster().CountActive(0, "pg_sleep(30)") == 1; }));
  }
};

TEST_F(SettingsFailureTest, NothingRunsWithoutThem) {
  const Statement bad = Settings("work_mem", "nonsense");
  for (const Phase phase : {Phase::kRead, Phase::kAutocommit, Phase::kUncommitted}) {
    const LegEnd end = RunOne(With(bad, "SELECT nextval('nobody_has_it')", phase));

    EXPECT_EQ(end.reason(), "INVALID_PARAMETER_VALUE") << end.status;
    EXPECT_THAT(std::string(end.status.message()), HasSubstr("work_mem"));
    EXPECT_EQ(end.outcome(), Outcome::kRolledBack);
    EXPECT_TRUE(CleanUp().ok());
    ExpectNothingLeft();
  }
  const std::vector<LegEnd> ends =
      Fly({With(bad, "INSERT INTO ledger VALUES (1)", Phase::kAutocommit),
           With(bad, "INSERT INTO ledger VALUES (2)", Phase::kAutocommit)},
          FlightKind::kIndependent);
  for (const LegEnd& end : ends) {
    EXPECT_EQ(end.reason(), "INVALID_PARAMETER_VALUE") << end.status;
  }
  EXPECT_EQ(CountLedger(), "0");
  ExpectNothingLeft();
}

TEST_F(SettingsFailureTest, WhatHasNoPlaceForThemIsNotSent) {
  const auto insert = [&](Phase phase) {
    return With(seven_, "INSERT INTO ledger VALUES (1)", phase);
  };
  const Execution without = Leg("INSERT INTO ledger VALUES (1)", {}, Phase::kAutocommit);
  const Execution uncommitted =
      Leg("INSERT INTO ledger VALUES (1)", {}, Phase::kUncommitted);

  EXPECT_FALSE(Start({insert(Phase::kTransaction)}, FlightKind::kAtomic).ok());
  EXPECT_FALSE(
      Start({insert(Phase::kAutocommit), insert(Phase::kAutocommit)}, FlightKind::kAtomic)
          .ok());
  EXPECT_FALSE(
      Start({insert(Phase::kAutocommit), without}, FlightKind::kIndependent).ok());
  EXPECT_FALSE(
      Start({without, insert(Phase::kAutocommit)}, FlightKind::kIndependent).ok());
  EXPECT_FALSE(Start({insert(Phase::kUncommitted), insert(Phase::kUncommitted)},
                     FlightKind::kIndependent)
                   .ok());
  // Without a transaction around it, it would be committed.
  EXPECT_FALSE(Run(session().Start(uncommitted)).ok());
  EXPECT_EQ(CountLedger(), "0");
  ExpectNothingLeft();
}

TEST_F(SettingsFailureTest, ACommitThatFailsIsTheWritesOwnError) {
  const LegEnd end =
      RunOne(With(seven_, "INSERT INTO ledger VALUES (1, 77)", Phase::kAutocommit));

  EXPECT_EQ(end.reason(), "FOREIGN_KEY_VIOLATION") << end.status;
  EXPECT_EQ(end.outcome(), Outcome::kRolledBack);
  EXPECT_EQ(CountLedger(), "0");
  ExpectNothingLeft();
}

TEST_F(SettingsFailureTest, ARowRefusedSaysWhetherTheWriteHasTakenEffect) {
  TextSink sink;
  sink.RefuseAt(1);
  const LegEnd committed = RunOne(With(seven_, kInsert, Phase::kAutocommit), sink);
  EXPECT_EQ(committed.reason(), "RESULT_TOO_LARGE") << committed.status;
  EXPECT_EQ(committed.outcome(), Outcome::kUnknown);
  EXPECT_TRUE(CleanUp().ok());
  EXPECT_EQ(CountLedger(), "1");

  TextSink other;
  other.RefuseAt(1);
  const Statement eight = Settings("app.tenant", "8");
  const LegEnd open = RunOne(With(eight, kInsert, Phase::kUncommitted), other);
  EXPECT_EQ(open.reason(), "RESULT_TOO_LARGE") << open.status;
  EXPECT_EQ(open.outcome(), Outcome::kRolledBack);
  EXPECT_TRUE(CleanUp().ok());
  EXPECT_EQ(CountLedger(), "1");
  ExpectNothingLeft();
}

TEST_F(SettingsFailureTest, AWriteThatIsStoppedIsRolledBack) {
  for (const Phase phase : {Phase::kAutocommit, Phase::kUncommitted}) {
    const Execution slow = With(seven_, kSlowWrite, phase);
    ASSERT_TRUE(Run(session().Start(slow)).ok());
    WaitUntilItRuns();
    session().RequestStop(slow.id, StopReason::kCancelled);

    const LegEnd end = Fetch();

    EXPECT_EQ(end.reason(), "CANCELLED") << end.status;
    EXPECT_EQ(end.outcome(), Outcome::kRolledBack);
    EXPECT_TRUE(CleanUp().ok());
    EXPECT_EQ(CountLedger(), "0");
    ExpectNothingLeft();
  }
}

TEST_F(SettingsFailureTest, AStopWhoseEndIsNotSeenLeavesDoubtIfACommitIsUnderWay) {
  for (const Phase phase : {Phase::kAutocommit, Phase::kUncommitted}) {
    auto other = Open();
    const Execution write = With(seven_, kInsert, phase);
    cluster().server(0).Freeze();
    ASSERT_TRUE(Run(other->Start(write)).ok());
    other->RequestStop(write.id, StopReason::kDeadline);
    TextSink sink;
    const absl::StatusOr<Fetched> end = Run(other->Fetch(sink));
    cluster().server(0).Thaw();

    const auto details = DetailsOf(end.status());
    ASSERT_TRUE(details.has_value()) << end.status();
    EXPECT_EQ(details->outcome,
              phase == Phase::kAutocommit ? Outcome::kUnknown : Outcome::kRolledBack)
        << end.status();
    other->Close();
    for (int i = 0; i < 3; ++i) loop_.RunReady();
  }
}

TEST_F(SettingsFailureTest, ALostSessionLeavesDoubtIfACommitIsUnderWay) {
  ASSERT_TRUE(Run(session().Start(With(seven_, kSlowWrite, Phase::kAutocommit))).ok());
  WaitUntilItRuns();
  gate().CutAll();

  const LegEnd end = Fetch();

  EXPECT_EQ(end.reason(), "OUTCOME_UNKNOWN") << end.status;
  EXPECT_EQ(end.outcome(), Outcome::kUnknown);
}

TEST_F(SettingsFailureTest, ALostSessionWithoutACommitLeavesNone) {
  ASSERT_TRUE(Run(session().Start(With(seven_, kSlowWrite, Phase::kUncommitted))).ok());
  WaitUntilItRuns();
  gate().CutAll();

  const LegEnd end = Fetch();

  EXPECT_EQ(end.reason(), "SESSION_LOST") << end.status;
  EXPECT_EQ(end.outcome(), Outcome::kRolledBack);
}

TEST_F(SettingsFailureTest, ABackendThatEndsItselfBeforeTheCommitLeavesNone) {
  ASSERT_TRUE(Start({With(seven_, kInsert, Phase::kAutocommit),
                     With(seven_, kSlowWrite, Phase::kAutocommit),
                     With(seven_, "INSERT INTO ledger VALUES (2)", Phase::kAutocommit)},
                    FlightKind::kIndependent)
                  .ok());
  EXPECT_THAT(Fetch().rows, ElementsAre("7"));
  WaitUntilItRuns();
  ASSERT_EQ(cluster().TerminateBackends(0, "pg_sleep(30)"), 1);

  const LegEnd ended = Fetch();
  const LegEnd behind = Fetch();

  EXPECT_EQ(ended.reason(), "SESSION_LOST") << ended.status;
  EXPECT_EQ(ended.outcome(), Outcome::kRolledBack);
  EXPECT_EQ(behind.outcome(), Outcome::kNotStarted) << behind.status;
  EXPECT_EQ(CountLedger(), "1");
}

}  // namespace
}  // namespace pgsluice::testing
