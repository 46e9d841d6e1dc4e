// Flights that are stopped, left midway, or whose reader refuses a row.
#include <string>
#include <vector>

#include "gmock/gmock.h"

#include "tests/conformance/session_test.h"

namespace pgsluice::testing {
namespace {

using ::testing::ElementsAre;

class FlightStopTest : public SessionTest {
 protected:
  void StopWhenItRuns(const std::string& text, uint64_t id) {
    ASSERT_TRUE(WaitFor("it runs", [&] { return cluster().CountActive(0, text) == 1; }));
    session().RequestStop(id, StopReason::kCancelled);
  }
};

TEST_F(FlightStopTest, OfTheSecondStatementSkipsTheRestOfAnAtomicFlight) {
  const Execution slow = Leg("SELECT pg_sleep(30)");
  ASSERT_TRUE(Start({Leg("BEGIN"), slow, Leg("SELECT 1")}, FlightKind::kAtomic).ok());
  StopWhenItRuns("pg_sleep(30)", slow.id);

  EXPECT_TRUE(Fetch().ok());
  EXPECT_EQ(Fetch().reason(), "CANCELLED");
  EXPECT_TRUE(WasSkipped(Fetch().status));
  EXPECT_TRUE(CleanUp().ok());
  EXPECT_THAT(Plain("SELECT 1").rows, ElementsAre("1"));
}

TEST_F(FlightStopTest, OfAnIndependentFlightEndsAllThatIsSlow) {
  const Execution slow = Leg("SELECT pg_sleep(30)", {}, Phase::kAutocommit);
  ASSERT_TRUE(Start({Leg("SELECT 1", {}, Phase::kAutocommit), slow,
                     Leg("SELECT pg_sleep(31)", {}, Phase::kAutocommit)},
                    FlightKind::kIndependent)
                  .ok());
  EXPECT_THAT(Fetch().rows, ElementsAre("1"));
  const absl::Time start = absl::Now();
  StopWhenItRuns("pg_sleep(30)", slow.id);

  const LegEnd first = Fetch();
  const LegEnd second = Fetch();

  EXPECT_EQ(first.reason(), "CANCELLED") << first.status;
  EXPECT_FALSE(second.ok());
  EXPECT_LT(absl::Now() - start, absl::Seconds(15));
  EXPECT_TRUE(CleanUp().ok());
  EXPECT_THAT(Plain("SELECT 1").rows, ElementsAre("1"));
}

TEST_F(FlightStopTest, ALateStopHitsNobody) {
  const Execution done = Leg("SELECT 1");
  Fly({done, Leg("SELECT 2")}, FlightKind::kAtomic);
  session().RequestStop(done.id, StopReason::kCancelled);

  EXPECT_THAT(Plain("SELECT 'x' FROM pg_sleep(0.2)").rows, ElementsAre("x"));
}

TEST_F(FlightStopTest, WithACommitBehindCancelsTheStatementOnly) {
  Execution slow = Leg("INSERT INTO ledger SELECT 1 FROM pg_sleep(30)");
  slow.wants_flush = true;
  ASSERT_TRUE(
      Start({Leg("BEGIN"), slow, Leg("COMMIT", {}, Phase::kCommit)}, FlightKind::kAtomic)
          .ok());
  StopWhenItRuns("pg_sleep(30)", slow.id);

  EXPECT_TRUE(Fetch().ok());
  EXPECT_EQ(Fetch().reason(), "CANCELLED");
  EXPECT_TRUE(WasSkipped(Fetch().status));
  EXPECT_EQ(CountLedger(), "0");
}

TEST_F(FlightStopTest, AFrozenServerLeavesTheCommitInDoubt) {
  Execution first = Leg("INSERT INTO ledger VALUES (1)");
  first.wants_flush = true;
  cluster().server(0).Freeze();
  ASSERT_TRUE(
      Start({Leg("BEGIN"), first, Leg("COMMIT", {}, Phase::kCommit)}, FlightKind::kAtomic)
          .ok());
  session().RequestStop(first.id, StopReason::kDeadline);

  const LegEnd begin = Fetch();
  const LegEnd again = Fetch();
  cluster().server(0).Thaw();

  EXPECT_EQ(begin.outcome(), Outcome::kUnknown) << begin.status;
  EXPECT_EQ(again.outcome(), Outcome::kUnknown) << again.status;
  EXPECT_TRUE(CleanUp().ok());
}

TEST_F(FlightStopTest, OneLeftMidwayIsCleanedUp) {
  for (const FlightKind kind : {FlightKind::kAtomic, FlightKind::kIndependent}) {
    ASSERT_TRUE(Start({Leg("BEGIN"), Leg("SELECT * FROM generate_series(1, 100000)"),
                       Leg("SELECT pg_sleep(30)"), Leg("SELECT pg_sleep(31)")},
                      kind)
                    .ok());
    TextSink sink;
    EXPECT_TRUE(Fetch().ok());
    sink.PauseEvery(1);
    ASSERT_TRUE(Run(session().Fetch(sink)).ok());

    const absl::Status cleaned = CleanUp();

    ASSERT_TRUE(cleaned.ok()) << cleaned;
    EXPECT_THAT(Plain("SELECT 1").rows, ElementsAre("1"));
  }
}

TEST_F(FlightStopTest, OneLeftBeforeAllWasSentCommitsNothing) {
  std::vector<Execution> legs = {
      Leg("INSERT INTO ledger VALUES (1)", {}, Phase::kAutocommit),
      Leg("SELECT pg_sleep(5)", {}, Phase::kAutocommit)};
  for (int i = 0; i < 3000; ++i) {
    legs.push_back(
        Leg("SELECT $1::text", {std::string(10'000, 'x')}, Phase::kAutocommit));
  }
  legs.front().wants_flush = true;  // Its answer comes while the second one sleeps.
  ASSERT_TRUE(Start(legs, FlightKind::kAtomic).ok());
  EXPECT_TRUE(Fetch().ok());

  EXPECT_FALSE(CleanUp().ok());

  session().Close();
  for (int i = 0; i < 3; ++i) loop_.RunReady();
  ASSERT_TRUE(WaitFor("it is gone", [] { return cluster().CountBackends(0) == 0; }));
  EXPECT_EQ(CountLedger(), "0");
}

TEST_F(FlightStopTest, ARefusedRowEndsItsStatementWithTheReadersError) {
  ASSERT_TRUE(
      Start({Leg("SELECT * FROM generate_series(1, 10000000)", {}, Phase::kAutocommit),
             Leg("SELECT 1", {}, Phase::kAutocommit)},
            FlightKind::kIndependent)
          .ok());
  TextSink sink;
  sink.RefuseAt(10);

  const LegEnd refused = Fetch(sink);

  EXPECT_EQ(refused.reason(), "RESULT_TOO_LARGE") << refused.status;
  EXPECT_EQ(refused.rows.size(), 10U);
  Fetch();
  EXPECT_TRUE(CleanUp().ok());
  EXPECT_THAT(Plain("SELECT 1").rows, ElementsAre("1"));
}

}  // namespace
}  // namespace pgsluice::testing
