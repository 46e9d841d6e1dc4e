// How EndpointPool cleans sessions up, closes and renews them, and retires.
#include "tests/pool/endpoint_pool_fixture.h"

namespace pgsluice::testing {
namespace {

constexpr SessionFacts kBroken = {.is_broken = true};
constexpr SessionFacts kInTransaction = {.transaction =
                                             TransactionStatus::kInTransaction};
constexpr SessionFacts kRunning = {.has_statement_in_progress = true,
                                   .transaction = TransactionStatus::kActive};

class EndpointPoolClosingTest : public EndpointPoolTest {
 protected:
  // Leases a session, lets it look like `facts`, and returns it.
  std::shared_ptr<FakeSession> ReturnAs(const SessionFacts& facts) {
    Lease lease = Take();
    std::shared_ptr<FakeSession> session = SessionOf(lease);
    session->SetFacts(facts);
    return session;
  }
};

TEST_F(EndpointPoolClosingTest, ClosesABrokenSession) {
  MakePool();
  OpenIdle(1);

  const auto session = ReturnAs(kBroken);

  EXPECT_TRUE(session->is_closed());
  EXPECT_EQ(Closed(CloseReason::kBroken), 1u);
  EXPECT_EQ(pool_->Stats().open, 0u);
}

TEST_F(EndpointPoolClosingTest, ReplacesABrokenSessionForTheNextWaiter) {
  options_.max_size = 1;
  MakePool();
  OpenIdle(1);
  Lease lease = Take();
  SessionOf(lease)->SetFacts(kBroken);
  auto waiting = Wait();
  EXPECT_EQ(connector_->outstanding(), 0u);

  lease.Return();
  ASSERT_EQ(connector_->outstanding(), 1u);
  connector_->Succeed();

  EXPECT_TRUE(waiting->has_lease());
}

// Invariants 5 and 6: nobody has it while it is being made clean.
TEST_F(EndpointPoolClosingTest, KeepsAnUncleanSessionFromOthersUntilItIsClean) {
  options_.max_size = 1;
  MakePool();
  OpenIdle(1);
  const auto session = ReturnAs(kInTransaction);
  ASSERT_TRUE(session->clean_up().has_value());
  EXPECT_TRUE(session->clean_up()->rollback);
  EXPECT_FALSE(session->clean_up()->cancel_statement);
  EXPECT_EQ(pool_->Stats().maintenance, 1u);
  auto waiting = Wait();
  EXPECT_EQ(waiting->calls, 0);

  session->EndCleanUp(absl::OkStatus());

  EXPECT_TRUE(waiting->has_lease());
  EXPECT_EQ(pool_->Stats().maintenance, 0u);
}

TEST_F(EndpointPoolClosingTest, MakesACleanedSessionIdleWhenNobodyWaits) {
  MakePool();
  OpenIdle(1);

  ReturnAs({.needs_reset = true})->EndCleanUp(absl::OkStatus());

  EXPECT_EQ(pool_->Stats().idle, 1u);
  EXPECT_EQ(pool_->Stats().counters.resets, 1u);
  EXPECT_EQ(pool_->Stats().counters.cancels, 0u);
}

TEST_F(EndpointPoolClosingTest, ClosesASessionThatCannotBeCleaned) {
  MakePool();
  OpenIdle(1);
  const auto session = ReturnAs({.needs_reset = true});

  session->EndCleanUp(absl::InternalError(""));

  EXPECT_TRUE(session->is_closed());
  EXPECT_EQ(Closed(CloseReason::kResetFailed), 1u);
}

TEST_F(EndpointPoolClosingTest, ClosesASessionWhoseCancelFails) {
  MakePool();
  OpenIdle(1);
  const auto session = ReturnAs(kRunning);
  EXPECT_TRUE(session->clean_up()->cancel_statement);
  EXPECT_TRUE(session->clean_up()->fence);

  session->EndCleanUp(absl::DeadlineExceededError(""));

  EXPECT_EQ(Closed(CloseReason::kCancelFailed), 1u);
  EXPECT_EQ(pool_->Stats().counters.cancels, 1u);
}

TEST_F(EndpointPoolClosingTest, ClosesASessionOnReturnAtTheEndOfItsLifetime) {
  options_.max_lifetime = absl::Minutes(1);
  MakePool();
  OpenIdle(1);
  Lease lease = Take();
  clock_.Advance(absl::Minutes(1));

  lease.Return();

  EXPECT_EQ(Closed(CloseReason::kLifetime), 1u);
}

TEST_F(EndpointPoolClosingTest, HandsOutNoIdleSessionPastItsLifetime) {
  options_.max_size = 1;
  options_.max_lifetime = absl::Minutes(1);
  options_.idle_timeout = absl::ZeroDuration();
  MakePool();
  OpenIdle(1);
  const auto old = connector_->sessions().front();
  clock_.Advance(absl::Minutes(1));

  auto waiting = Wait();

  EXPECT_TRUE(old->is_closed());
  EXPECT_EQ(Closed(CloseReason::kLifetime), 1u);
  ASSERT_EQ(connector_->outstanding(), 1u) << "the old one no longer takes the place";
  connector_->Succeed();
  EXPECT_TRUE(waiting->has_lease());
}

TEST_F(EndpointPoolClosingTest, ClosesASessionThatHasBeenLeasedOftenEnough) {
  options_.max_uses = 3;
  MakePool();
  OpenIdle(1);  // The first use.

  Take().Return();
  EXPECT_EQ(pool_->Stats().open, 1u);
  Take().Return();

  EXPECT_EQ(pool_->Stats().open, 0u);
  EXPECT_EQ(Closed(CloseReason::kUses), 1u);
}

TEST_F(EndpointPoolClosingTest, OpensUpToItsMinimumAndRefillsIt) {
  options_.min_size = 2;
  MakePool();
  pool_->Maintain();
  EXPECT_EQ(connector_->outstanding(), 2u);
  pool_->Maintain();
  EXPECT_EQ(connector_->outstanding(), 2u);
  connector_->Succeed();
  connector_->Succeed();

  ReturnAs(kBroken);

  EXPECT_EQ(connector_->outstanding(), 1u);
}

TEST_F(EndpointPoolClosingTest, ClosesWhatHasNotBeenUsedForLong) {
  options_.min_size = 1;
  options_.idle_timeout = absl::Seconds(10);
  MakePool();
  OpenIdle(3);
  clock_.Advance(absl::Seconds(5));
  const auto in_use = ReturnAs({});
  clock_.Advance(absl::Seconds(5));

  pool_->Maintain();

  EXPECT_EQ(Closed(CloseReason::kIdle), 2u);
  EXPECT_FALSE(in_use->is_closed());
  clock_.Advance(absl::Seconds(50));
  pool_->Maintain();
  EXPECT_FALSE(in_use->is_closed()) << "it is the minimum";
}

TEST_F(EndpointPoolClosingTest, ClosesIdleSessionsWhenItRetires) {
  MakePool();
  OpenIdle(2);

  pool_->Retire(CloseReason::kRetired, absl::AbortedError("role"));

  EXPECT_EQ(Closed(CloseReason::kRetired), 2u);
  EXPECT_TRUE(pool_->Stats().is_retired);
  EXPECT_EQ(pool_->Stats().open, 0u);
}

TEST_F(EndpointPoolClosingTest, ClosesLeasedSessionsOnReturnForTheReasonItRetired) {
  MakePool();
  OpenIdle(3);
  Lease clean = Take();
  Lease unclean = Take();
  Lease running = Take();
  SessionOf(unclean)->SetFacts(kInTransaction);
  const auto session = SessionOf(running);
  session->SetFacts(kRunning);

  pool_->Retire(CloseReason::kDrain, absl::UnavailableError(""));
  EXPECT_EQ(pool_->Stats().leased, 3u);
  clean.Return();
  unclean.Return();
  EXPECT_EQ(Closed(CloseReason::kDrain), 2u);
  running.Return();
  EXPECT_TRUE(session->clean_up()->cancel_statement) << "its statement must be stopped";
  session->EndCleanUp(absl::OkStatus());

  EXPECT_EQ(Closed(CloseReason::kDrain), 3u);
  EXPECT_EQ(Closed(CloseReason::kRetired), 0u);
}

TEST_F(EndpointPoolClosingTest, CompletesWaitersInOrderWhenItRetires) {
  options_.max_size = 1;
  MakePool();
  std::vector<int> order;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(pool_
                    ->Acquire({.deadline = clock_.Now() + kPatience},
                              [i, &order](absl::StatusOr<Lease> lease) {
                                EXPECT_EQ(lease.status(), absl::AbortedError("role"));
                                order.push_back(i);
                              })
                    .ok());
  }

  pool_->Retire(CloseReason::kRetired, absl::AbortedError("role"));

  EXPECT_THAT(order, ::testing::ElementsAre(0, 1, 2));
}

TEST_F(EndpointPoolClosingTest, OpensNothingOnceItIsRetired) {
  options_.min_size = 2;
  MakePool();
  pool_->Maintain();
  ASSERT_EQ(connector_->outstanding(), 2u);

  pool_->Retire(CloseReason::kRetired, absl::AbortedError("role"));
  const auto late = connector_->Succeed();
  connector_->Fail("refused");
  clock_.Advance(absl::Minutes(1));
  pool_->Maintain();

  EXPECT_TRUE(late->is_closed()) << "it came when nobody wanted it any more";
  EXPECT_EQ(connector_->outstanding(), 0u);
  EXPECT_EQ(pool_->Stats().open, 0u);
}

TEST_F(EndpointPoolClosingTest, RefusesCallsWithTheStatusItRetiredWith) {
  MakePool();
  pool_->Retire(CloseReason::kRetired, absl::AbortedError("role"));
  pool_->Retire(CloseReason::kDrain, absl::UnavailableError("the second does nothing"));

  const auto acquired = pool_->Acquire({.deadline = clock_.Now() + kPatience},
                                       [](absl::StatusOr<Lease>) { ADD_FAILURE(); });

  EXPECT_EQ(acquired.status(), absl::AbortedError("role"));
}

}  // namespace
}  // namespace pgsluice::testing
