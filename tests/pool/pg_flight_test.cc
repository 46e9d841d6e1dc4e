#include "pool/pg/pg_flight.h"

#include <vector>

#include "gtest/gtest.h"

namespace pgsluice {
namespace {

PgFlight Flight(FlightKind kind, const std::vector<Phase>& phases) {
  std::vector<PgLeg> legs;
  for (size_t i = 0; i < phases.size(); ++i) {
    PgLeg& leg = legs.emplace_back();
    leg.execution = {.statement = nullptr, .phase = phases[i], .id = i + 1};
    leg.is_synced = kind == FlightKind::kIndependent;
  }
  return PgFlight(kind, std::move(legs));
}

void Send(PgFlight& flight, int legs) {
  for (int i = 0; i < legs; ++i) {
    ASSERT_NE(flight.NextUnsent(), nullptr);
    flight.NoteSent();
  }
}

const std::vector<Phase> kTransaction = {Phase::kConnect, Phase::kTransaction,
                                         Phase::kCommit};

TEST(PgFlightTest, DoubtIsThatOfTheGravestLegSentAndNotEnded) {
  PgFlight flight = Flight(FlightKind::kAtomic, kTransaction);
  EXPECT_EQ(flight.DoubtPhase(), Phase::kConnect);
  Send(flight, 2);
  EXPECT_EQ(flight.DoubtPhase(), Phase::kTransaction);
  Send(flight, 1);
  EXPECT_EQ(flight.DoubtPhase(), Phase::kCommit);
  flight.Advance();
  EXPECT_EQ(flight.DoubtPhase(), Phase::kCommit);
}

TEST(PgFlightTest, AWriteIsInDoubtForTheCommitBehindIt) {
  PgFlight flight = Flight(
      FlightKind::kIndependent,
      {Phase::kConnect, Phase::kRead, Phase::kUncommitted, Phase::kCommit, Phase::kRead});
  Send(flight, 3);
  EXPECT_EQ(flight.DoubtPhase(), Phase::kUncommitted);
  Send(flight, 2);
  EXPECT_EQ(flight.DoubtPhase(), Phase::kCommit);
  for (int i = 0; i < 4; ++i) flight.Advance();
  EXPECT_EQ(flight.DoubtPhase(), Phase::kRead);
}

TEST(PgFlightTest, OnlyTheLastLegOfAnAtomicFlightIsSynced) {
  PgFlight flight = Flight(FlightKind::kAtomic, kTransaction);
  Send(flight, 3);

  EXPECT_FALSE(flight.NextPart());
  flight.Advance();
  EXPECT_FALSE(flight.NextPart());
  flight.Advance();
  EXPECT_TRUE(flight.NextPart());
  EXPECT_EQ(flight.part(), LegPart::kSync);
  flight.Advance();
  EXPECT_TRUE(flight.IsOver());
  EXPECT_TRUE(flight.IsAnswered());
}

TEST(PgFlightTest, APreparedLegIsReadInThreeParts) {
  PgFlight flight =
      Flight(FlightKind::kIndependent, {Phase::kAutocommit, Phase::kAutocommit});
  flight.NextUnsent()->is_prepared_here = true;
  Send(flight, 1);

  EXPECT_EQ(flight.part(), LegPart::kPrepare);
  EXPECT_TRUE(flight.NextPart());
  EXPECT_EQ(flight.part(), LegPart::kExecute);
  EXPECT_TRUE(flight.NextPart());
  EXPECT_EQ(flight.part(), LegPart::kSync);
}

TEST(PgFlightTest, AnErrorReachesUpToTheNextSync) {
  PgFlight atomic = Flight(FlightKind::kAtomic, kTransaction);
  Send(atomic, 3);
  atomic.NoteError();
  atomic.Advance();
  EXPECT_TRUE(atomic.has_error());

  PgFlight independent =
      Flight(FlightKind::kIndependent, {Phase::kAutocommit, Phase::kAutocommit});
  Send(independent, 2);
  independent.NoteError();
  independent.Advance();
  EXPECT_FALSE(independent.has_error());
}

TEST(PgFlightTest, WhatIsCutNeedsASyncOnceAndSkipsTheRest) {
  PgFlight flight = Flight(FlightKind::kAtomic, kTransaction);
  Send(flight, 2);
  flight.NoteError();
  ASSERT_TRUE(flight.SkipsUnsent());

  EXPECT_TRUE(flight.StopSending());

  EXPECT_EQ(flight.NextUnsent(), nullptr);
  EXPECT_FALSE(flight.SkipsUnsent());
  flight.Advance();
  flight.Advance();
  EXPECT_TRUE(flight.has_error());
  EXPECT_FALSE(flight.IsFrontSent());
  EXPECT_TRUE(flight.IsAnswered());
  EXPECT_FALSE(flight.IsOver());
}

TEST(PgFlightTest, WhatIsAllSentCannotBeCut) {
  PgFlight flight = Flight(FlightKind::kAtomic, kTransaction);
  Send(flight, 3);

  EXPECT_FALSE(flight.StopSending());
  EXPECT_FALSE(flight.is_cut());
}

TEST(PgFlightTest, AnotherLegsParseIsUsedWhereItsErrorSkipsThisOneAnyway) {
  for (const FlightKind kind : {FlightKind::kAtomic, FlightKind::kIndependent}) {
    PgFlight flight = Flight(kind, {Phase::kAutocommit, Phase::kAutocommit});
    flight.NextUnsent()->is_prepared_here = true;
    flight.NextUnsent()->prepared_name = "s1";
    Send(flight, 1);

    EXPECT_EQ(flight.MayUse("s1"), kind == FlightKind::kAtomic);
    EXPECT_TRUE(flight.MayUse("s2"));
  }
}

TEST(PgFlightTest, KnowsItsLegsById) {
  const PgFlight flight = Flight(FlightKind::kAtomic, kTransaction);

  EXPECT_TRUE(flight.Has(1));
  EXPECT_TRUE(flight.Has(3));
  EXPECT_FALSE(flight.Has(4));
}

}  // namespace
}  // namespace pgsluice
