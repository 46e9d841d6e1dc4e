// Settings hold within their statement and are gone after it, and travel with it.
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "gmock/gmock.h"

#include "pool/write_position.h"
#include "tests/conformance/settings_fixture.h"

namespace pgsluice::testing {
namespace {

using ::testing::ElementsAre;

TEST_F(SettingsTest, OfAReadHoldWithinItInOneRoundTrip) {
  gate().SetDelay(kCountingDelay);
  for (int i = 0; i < 3; ++i) {  // From the second time on it is prepared.
    const int64_t before = gate().round_trips();

    const LegEnd read = RunOne(With(seven_, kTenant, Phase::kRead));

    EXPECT_THAT(read.rows, ElementsAre("7")) << read.status;
    EXPECT_EQ(gate().round_trips() - before, 1);
    ExpectNothingLeft();
  }
}

TEST_F(SettingsTest, OfAWriteHoldWithinItInOneRoundTrip) {
  gate().SetDelay(kCountingDelay);
  for (int i = 0; i < 3; ++i) {
    const Statement settings = Settings("app.tenant", absl::StrCat(i));
    Execution write = With(settings, kInsert, Phase::kAutocommit);
    write.wants_position = i > 0;
    const int64_t before = gate().round_trips();

    const LegEnd end = RunOne(write);

    EXPECT_THAT(end.rows, ElementsAre(absl::StrCat(i))) << end.status;
    EXPECT_EQ(end.result.rows_affected, 1U);
    EXPECT_EQ(end.result.position.has_value(), i > 0);
    EXPECT_EQ(gate().round_trips() - before, 1);
    ExpectNothingLeft();
    EXPECT_EQ(CountLedger(), absl::StrCat(i + 1));
  }
}

TEST_F(SettingsTest, AreSetForEachReadOfAFlight) {
  for (const FlightKind kind : {FlightKind::kAtomic, FlightKind::kIndependent}) {
    const std::vector<LegEnd> ends = Fly(
        {With(seven_, kTenant, Phase::kRead), With(seven_, kTenant, Phase::kRead)}, kind);

    for (const LegEnd& end : ends) EXPECT_THAT(end.rows, ElementsAre("7")) << end.status;
    ExpectNothingLeft();
  }
}

TEST_F(SettingsTest, MakeEachWriteOfAnIndependentFlightATransactionOfItsOwn) {
  gate().SetDelay(kCountingDelay);
  const int64_t before = gate().round_trips();

  const std::vector<LegEnd> ends = Fly(
      {With(seven_, kInsert, Phase::kAutocommit),
       With(seven_, "INSERT INTO ledger VALUES (8), (7)", Phase::kAutocommit),
       With(seven_, "INSERT INTO ledger VALUES (9, 77)", Phase::kAutocommit),
       With(seven_, "nonsense", Phase::kAutocommit),
       With(seven_, "SELECT current_setting('app.tenant'), count(*) FROM ledger",
            Phase::kAutocommit),
       // The gateway's own question needs none.
       {.statement = &WritePositionStatement(), .phase = Phase::kRead, .id = next_id_++}},
      FlightKind::kIndependent);

  EXPECT_EQ(gate().round_trips() - before, 1);
  EXPECT_THAT(ends[0].rows, ElementsAre("7")) << ends[0].status;
  EXPECT_EQ(ends[1].reason(), "UNIQUE_VIOLATION") << ends[1].status;
  // Found at its COMMIT only.
  EXPECT_EQ(ends[2].reason(), "FOREIGN_KEY_VIOLATION") << ends[2].status;
  EXPECT_EQ(ends[3].reason(), "SYNTAX_ERROR") << ends[3].status;
  for (size_t i : {1, 2, 3}) EXPECT_EQ(ends[i].outcome(), Outcome::kRolledBack) << i;
  EXPECT_THAT(ends[4].rows, ElementsAre("7|1")) << ends[4].status;
  EXPECT_EQ(ends[5].rows.size(), 1U) << ends[5].status;
  EXPECT_EQ(CountLedger(), "1");
  ExpectNothingLeft();
}

TEST_F(SettingsTest, OfAWriteThatIsNotCommittedYetHoldUntilItIs) {
  TextSink sink;
  sink.PauseEvery(3);

  const LegEnd write =
      RunOne(With(seven_, "INSERT INTO ledger SELECT generate_series(1, 10) RETURNING a",
                  Phase::kUncommitted),
             sink);

  EXPECT_EQ(write.rows.size(), 10U) << write.status;
  EXPECT_EQ(write.turns, 4);
  EXPECT_EQ(session().facts().transaction, TransactionStatus::kInTransaction);
  EXPECT_EQ(CountLedger(), "0");
  EXPECT_EQ(Commit().result.command_tag, "COMMIT");
  EXPECT_EQ(CountLedger(), "10");
  ExpectNothingLeft();
}

TEST_F(SettingsTest, AWriteThatIsNotCommittedIsRolledBackOnReturn) {
  ASSERT_TRUE(RunOne(With(seven_, kInsert, Phase::kUncommitted)).ok());

  EXPECT_TRUE(CleanUp().ok());

  EXPECT_EQ(CountLedger(), "0");
  ExpectNothingLeft();
}

TEST_F(SettingsTest, GoWithAStatementThatIsSentAgain) {
  cluster().Sql(0, "CREATE TABLE shape AS SELECT 1 AS a");
  const std::string update =
      "UPDATE shape SET a = current_setting('app.tenant')::int "
      "RETURNING *";
  const auto run = [&](Phase phase) {
    const LegEnd end =
        RunOne(With(seven_,
                    phase == Phase::kRead ? "SELECT *, current_setting('app.tenant') "
                                            "FROM shape"
                                          : update,
                    phase));
    if (phase == Phase::kUncommitted) {
      EXPECT_TRUE(Commit().ok());
    }
    return end;
  };
  int columns = 1;
  for (const Phase phase : {Phase::kRead, Phase::kAutocommit, Phase::kUncommitted}) {
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(run(phase).ok());
    cluster().Sql(0, absl::StrCat("ALTER TABLE shape ADD COLUMN c", ++columns, " int"));

    const LegEnd after = run(phase);

    EXPECT_EQ(after.rows.size(), 1U) << after.status;
    EXPECT_EQ(absl::c_count(after.rows.at(0), '|'),
              columns - 1 + (phase == Phase::kRead ? 1 : 0));
    ExpectNothingLeft();
  }
  EXPECT_EQ(cluster().Sql(0, "SELECT a FROM shape"), "7");
  cluster().Sql(0, "DROP TABLE shape");
}

}  // namespace
}  // namespace pgsluice::testing
