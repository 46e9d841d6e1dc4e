// Who gets a session, who waits, and who is sent away.
#include "pool/error.h"
#include "tests/pool/endpoint_pool_fixture.h"

namespace pgsluice::testing {
namespace {

class EndpointPoolFairnessTest : public EndpointPoolTest {
 protected:
  std::shared_ptr<Waiting> WaitForTransaction() {
    return Wait(kPatience, 0, LeaseKind::kTransaction);
  }
  static std::string ReasonOf(const absl::Status& status) {
    const auto details = DetailsOf(status);
    return details.has_value() ? details->reason : "none";
  }
};

TEST_F(EndpointPoolFairnessTest, TransactionsLeaveSessionsToStatements) {
  options_.max_size = 3;
  options_.transaction_share = 0.6;  // Two of three.
  MakePool();
  OpenIdle(3);
  Lease first = Take(0, LeaseKind::kTransaction);
  Lease second = Take(0, LeaseKind::kTransaction);

  auto third = WaitForTransaction();
  Lease statement = Take();

  EXPECT_EQ(third->calls, 0);
  EXPECT_EQ(pool_->Stats().transactions, 2u);
  first.Return();
  EXPECT_TRUE(third->has_lease());
}

TEST_F(EndpointPoolFairnessTest, StreamsAndTransactionsShareWhatTheyMayHold) {
  options_.max_size = 3;
  options_.transaction_share = 0.6;
  MakePool();
  OpenIdle(3);
  Lease stream = Take(0, LeaseKind::kStream);
  Lease transaction = Take(0, LeaseKind::kTransaction);

  auto second = Wait(kPatience, 0, LeaseKind::kStream);
  Lease statement = Take();

  EXPECT_EQ(second->calls, 0);
  EXPECT_EQ(pool_->Stats().transactions, 1u);
  transaction.Return();
  EXPECT_TRUE(second->has_lease());
}

TEST_F(EndpointPoolFairnessTest, ATransactionThatEndsMakesRoomBesideIdleSessions) {
  options_.max_size = 2;
  options_.transaction_share = 0.5;
  MakePool();
  OpenIdle(2);
  Lease first = Take(0, LeaseKind::kTransaction);
  auto second = WaitForTransaction();
  ASSERT_EQ(pool_->Stats().idle, 1u);
  // The session it gives back must be cleaned first: the idle one serves.
  SessionOf(first)->SetFacts({.needs_reset = true});

  first.Return();

  EXPECT_TRUE(second->has_lease());
  EXPECT_EQ(pool_->Stats().maintenance, 1u);
}

TEST_F(EndpointPoolFairnessTest, OpensNoSessionForATransactionThatMayNotHaveIt) {
  options_.max_size = 4;
  options_.transaction_share = 0.25;
  MakePool();
  OpenIdle(1);
  Lease only = Take(0, LeaseKind::kTransaction);

  auto waiting = WaitForTransaction();

  EXPECT_EQ(connector_->outstanding(), 0u);
  only.Return();
  EXPECT_TRUE(waiting->has_lease());
}

TEST_F(EndpointPoolFairnessTest, RefusesACallThatWouldWaitTooLong) {
  options_.max_size = 1;
  options_.refuse_doomed = DoomedPolicy::kOn;
  MakePool();
  OpenIdle(1);
  Lease slow = Take();
  clock_.Advance(absl::Seconds(10));
  slow.Return();
  Lease again = Take();

  const auto doomed = pool_->Acquire({.deadline = clock_.Now() + absl::Milliseconds(100)},
                                     [](absl::StatusOr<Lease>) { ADD_FAILURE(); });
  auto patient = Wait(absl::Minutes(1));

  EXPECT_EQ(doomed.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(doomed.status()), "WOULD_WAIT_TOO_LONG");
  EXPECT_TRUE(DetailsOf(doomed.status())->retry_delay.has_value());
  EXPECT_EQ(pool_->Stats().counters.doomed_refused, 1u);
  again.Return();
  EXPECT_TRUE(patient->has_lease());
}

TEST_F(EndpointPoolFairnessTest, OnlyCountsADoomedCallInADryRun) {
  options_.max_size = 1;
  options_.refuse_doomed = DoomedPolicy::kDryRun;
  MakePool();
  OpenIdle(1);
  Lease slow = Take();
  clock_.Advance(absl::Seconds(10));
  slow.Return();
  Lease again = Take();

  auto waiting = Wait(absl::Milliseconds(100));

  EXPECT_EQ(pool_->Stats().counters.doomed, 1u);
  EXPECT_EQ(pool_->Stats().counters.doomed_refused, 0u);
  again.Return();
  EXPECT_TRUE(waiting->has_lease());
}

TEST_F(EndpointPoolFairnessTest, GivesUpAfterThreeTriesASecondApart) {
  options_.backoff_initial = absl::Milliseconds(100);
  options_.connect_retry_limit = 3;
  options_.connect_retry_delay = absl::Seconds(1);
  MakePool();
  auto waiting = Wait(absl::Hours(1));
  const absl::Time begun = clock_.Now();

  while (waiting->calls == 0 && clock_.Now() < begun + absl::Minutes(1)) {
    connector_->Fail("refused");
    clock_.Advance(absl::Milliseconds(100));
    pool_->Maintain();
  }

  EXPECT_EQ(ReasonOf(waiting->status()), "ENDPOINT_DOWN");
  EXPECT_EQ(waiting->status().code(), absl::StatusCode::kUnavailable);
  EXPECT_GE(clock_.Now() - begun, absl::Seconds(2));
  EXPECT_LE(clock_.Now() - begun, absl::Seconds(4));
  EXPECT_GE(connector_->asked().size(), 3u);
  EXPECT_EQ(pool_->Stats().counters.gave_up, 1u);
}

TEST_F(EndpointPoolFairnessTest, DoesNotGiveUpWhileASessionMayComeFree) {
  options_.max_size = 2;
  options_.connect_retry_limit = 1;
  MakePool();
  OpenIdle(1);
  Lease held = Take();
  auto waiting = Wait(absl::Hours(1));

  connector_->Fail("refused");
  clock_.Advance(absl::Minutes(1));
  pool_->Maintain();

  EXPECT_EQ(waiting->calls, 0);
  held.Return();
  EXPECT_TRUE(waiting->has_lease());
}

TEST_F(EndpointPoolFairnessTest, LowersItsTargetWhileTheServerIsFull) {
  options_.max_size = 5;
  options_.full_retry_interval = absl::Seconds(5);
  MakePool();
  OpenIdle(2);
  Lease first = Take();
  Lease second = Take();
  auto waiting = Wait(absl::Hours(1));

  connector_->FailWith(PostgresError({.sqlstate = "53300", .severity = "FATAL"},
                                     {.endpoint = "e", .phase = Phase::kConnect}));

  EXPECT_EQ(pool_->Stats().target_size, 3u);
  clock_.Advance(absl::Seconds(4));
  pool_->Maintain();
  EXPECT_EQ(connector_->outstanding(), 0u);
  clock_.Advance(absl::Seconds(1));
  pool_->Maintain();
  EXPECT_EQ(connector_->outstanding(), 1u);
  connector_->Succeed();
  EXPECT_TRUE(waiting->has_lease());
  EXPECT_EQ(pool_->Stats().target_size, 4u);
}

TEST_F(EndpointPoolFairnessTest, StaysWithinTheBudgetOfAllPools) {
  auto budget = std::make_shared<SessionBudget>(2);
  const auto make = [&] {
    return std::make_shared<EndpointPool>(EndpointPoolDeps{.endpoint = "e",
                                                           .role = Role::kReplica,
                                                           .options = options_,
                                                           .shards = 1,
                                                           .connector = connector_,
                                                           .clock = &clock_,
                                                           .budget = budget});
  };
  pool_ = make();
  auto other = make();
  OpenIdle(1);
  std::optional<absl::StatusOr<Lease>> got;
  int asked = 0;
  for (int i = 0; i < 3; ++i) {
    const auto acquired = other->Acquire({.deadline = clock_.Now() + absl::Hours(1)},
                                         [&](absl::StatusOr<Lease> lease) {
                                           if (asked++ == 0) got = std::move(lease);
                                         });
    ASSERT_TRUE(acquired.ok());
  }

  EXPECT_EQ(connector_->outstanding(), 1u);
  EXPECT_EQ(budget->used(), 2u);
  connector_->Succeed();
  ASSERT_TRUE(got.has_value() && got->ok());

  got.reset();
  other->Retire(CloseReason::kDrain, absl::UnavailableError("the test is over"));
  EXPECT_EQ(budget->used(), 1u);
}

TEST_F(EndpointPoolFairnessTest, ANewMaximumHoldsAtOnce) {
  options_.max_size = 3;
  MakePool();
  OpenIdle(3);
  Lease held = Take();

  options_.max_size = 1;
  pool_->Reconfigure(options_);
  EXPECT_EQ(pool_->Stats().open, 1u);
  EXPECT_EQ(Closed(CloseReason::kExcess), 2u);

  options_.max_size = 2;
  pool_->Reconfigure(options_);
  auto waiting = Wait();
  EXPECT_EQ(connector_->outstanding(), 1u);
  connector_->Succeed();
  EXPECT_TRUE(waiting->has_lease());
}

}  // namespace
}  // namespace pgsluice::testing
