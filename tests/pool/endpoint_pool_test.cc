// How EndpointPool hands out sessions, queues who must wait, and opens sessions.
#include "pool/endpoint_pool.h"

#include "tests/pool/endpoint_pool_fixture.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;

std::string ReasonOf(const absl::Status& status) {
  const auto details = DetailsOf(status);
  return details.has_value() ? details->reason : "";
}

TEST_F(EndpointPoolTest, OpensASessionForTheFirstWaiter) {
  MakePool();
  auto waiting = Wait();
  ASSERT_EQ(connector_->outstanding(), 1u);
  EXPECT_EQ(connector_->asked().front().deadline,
            clock_.Now() + options_.connect_timeout);
  EXPECT_EQ(waiting->calls, 0);

  connector_->Succeed();

  EXPECT_EQ(waiting->calls, 1);
  EXPECT_TRUE(waiting->has_lease());
  EXPECT_EQ((*waiting->result)->role(), Role::kPrimary);
  EXPECT_EQ((*waiting->result)->endpoint(), "e");
}

TEST_F(EndpointPoolTest, ALeaseKnowsWhenItsSessionWasDialledAndOpened) {
  MakePool();
  const absl::Time dialled = clock_.Now();
  auto waiting = Wait();
  clock_.Advance(absl::Milliseconds(30));
  connector_->Succeed();
  ASSERT_TRUE(waiting->has_lease());

  Lease lease = std::move(**waiting->result);
  EXPECT_EQ(lease.dialled_at(), dialled);
  EXPECT_EQ(lease.opened_at(), dialled + absl::Milliseconds(30));
  lease.Return();
  clock_.Advance(absl::Milliseconds(30));
  lease = Take();
  EXPECT_EQ(lease.dialled_at(), dialled) << "as long as it lives";
}

TEST_F(EndpointPoolTest, HandsOutTheSessionUsedLast) {
  MakePool();
  OpenIdle(3);
  Lease first = Take();
  Lease second = Take();
  const auto used_last = SessionOf(first);
  second.Return();
  first.Return();

  EXPECT_EQ(SessionOf(Take()), used_last);
}

TEST_F(EndpointPoolTest, PrefersASessionOfTheCallersShard) {
  MakePool(/*shards=*/2);
  OpenIdle(2);

  Lease zero = Take(0);
  zero.Return();
  Lease one = Take(1);
  EXPECT_EQ(SessionOf(one)->shard(), 1);
  one.Return();
  zero = Take(0);
  EXPECT_EQ(SessionOf(zero)->shard(), 0);

  one = Take(0);
  EXPECT_EQ(SessionOf(one)->shard(), 1) << "any session is better than none";
}

TEST_F(EndpointPoolTest, SpreadsSessionsOverTheShards) {
  MakePool(/*shards=*/3);
  OpenIdle(3);

  std::vector<int> shards;
  for (const auto& asked : connector_->asked()) shards.push_back(asked.shard);

  EXPECT_THAT(shards, ::testing::UnorderedElementsAre(0, 1, 2));
}

TEST_F(EndpointPoolTest, ServesWaitersInOrderOfArrival) {
  options_.max_size = 1;
  MakePool();
  auto first = Wait(absl::Seconds(9));
  auto second = Wait(absl::Seconds(1));
  auto third = Wait(absl::Seconds(5));

  connector_->Succeed();
  EXPECT_TRUE(first->has_lease());
  EXPECT_EQ(second->calls + third->calls, 0);
  first->result.reset();
  EXPECT_TRUE(second->has_lease());
  EXPECT_EQ(third->calls, 0);
  second->result.reset();
  EXPECT_TRUE(third->has_lease());

  EXPECT_EQ(connector_->sessions().size(), 1u);
}

TEST_F(EndpointPoolTest, RefusesWhenTheQueueIsFull) {
  options_.max_size = 1;
  options_.max_waiters = 2;
  MakePool();
  auto first = Wait();
  auto second = Wait();

  const auto third = pool_->Acquire({.deadline = clock_.Now() + kPatience},
                                    [](absl::StatusOr<Lease>) { ADD_FAILURE(); });

  EXPECT_EQ(third.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(third.status()), "QUEUE_FULL");
  EXPECT_EQ(pool_->Stats().counters.queue_full, 1u);
}

// Invariant 2: open + being opened <= max.
TEST_F(EndpointPoolTest, NeverSpendsMorePermitsThanItHas) {
  options_.max_concurrent_connects = 2;
  MakePool();
  std::vector<std::shared_ptr<Waiting>> waiting;
  for (int i = 0; i < 5; ++i) waiting.push_back(Wait());
  EXPECT_EQ(connector_->outstanding(), 2u);

  connector_->Succeed();
  EXPECT_EQ(connector_->outstanding(), 2u);
  connector_->Succeed();
  EXPECT_EQ(connector_->outstanding(), 1u) << "three are open or being opened";
  connector_->Succeed();
  EXPECT_EQ(connector_->outstanding(), 0u);

  const PoolStats stats = pool_->Stats();
  EXPECT_EQ(stats.open, 3u);
  EXPECT_EQ(stats.leased, 3u);
  EXPECT_EQ(stats.waiters, 2u);
}

TEST_F(EndpointPoolTest, GivesThePermitBackWhenAConnectFails) {
  options_.max_size = 1;
  MakePool();
  auto waiting = Wait(absl::Hours(1));
  connector_->Fail("refused");
  EXPECT_EQ(pool_->Stats().connecting, 0u);
  EXPECT_EQ(pool_->Stats().counters.connect_failures, 1u);

  clock_.Advance(options_.backoff_max);
  pool_->Maintain();
  connector_->Succeed();

  EXPECT_TRUE(waiting->has_lease());
  EXPECT_EQ(pool_->Stats().open, 1u);
}

TEST_F(EndpointPoolTest, WaitsLongerAfterEachFailedConnect) {
  options_.backoff_initial = absl::Milliseconds(100);
  MakePool();
  auto waiting = Wait(absl::Hours(1));
  connector_->Fail("refused");

  const auto pause = pool_->Stats().next_dial_in;
  ASSERT_TRUE(pause.has_value());
  EXPECT_GE(*pause, options_.backoff_initial / 2);
  EXPECT_LE(*pause, options_.backoff_initial);
  pool_->Maintain();
  auto another = Wait(absl::Hours(1));
  EXPECT_EQ(connector_->outstanding(), 0u) << "not before the back-off is over";

  clock_.Advance(*pause);
  pool_->Maintain();
  EXPECT_EQ(connector_->outstanding(), 1u) << "one finds out for all";
  connector_->Succeed();
  EXPECT_EQ(connector_->outstanding(), 1u);
  EXPECT_TRUE(waiting->has_lease());
}

TEST_F(EndpointPoolTest, TellsWhyNoSessionCouldBeOpened) {
  MakePool();
  auto waiting = Wait(absl::Seconds(1));
  connector_->Fail("connection refused");
  EXPECT_THAT(pool_->last_error(), HasSubstr("connection refused"));

  clock_.Advance(absl::Seconds(1));
  pool_->Maintain();

  EXPECT_EQ(waiting->status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(waiting->status()), "ENDPOINT_DOWN");
  EXPECT_THAT(std::string(waiting->status().message()), HasSubstr("connection refused"));
  EXPECT_EQ(pool_->Stats().counters.acquire_timeouts, 1u);
}

TEST_F(EndpointPoolTest, TellsWhenAllSessionsWereBusy) {
  options_.max_size = 1;
  MakePool();
  OpenIdle(1);
  Lease held = Take();
  auto waiting = Wait(absl::Seconds(1));

  clock_.Advance(absl::Seconds(1));
  pool_->Maintain();

  EXPECT_EQ(waiting->calls, 1);
  EXPECT_EQ(waiting->status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(waiting->status()), "ACQUIRE_TIMEOUT");
}

TEST_F(EndpointPoolTest, ForgetsTheLastErrorAfterASuccess) {
  MakePool();
  auto waiting = Wait(absl::Hours(1));
  connector_->Fail("refused");
  clock_.Advance(options_.backoff_max);
  pool_->Maintain();
  connector_->Succeed();

  EXPECT_TRUE(waiting->has_lease());
  EXPECT_EQ(pool_->last_error(), "");
  EXPECT_FALSE(pool_->Stats().next_dial_in.has_value());
}

TEST_F(EndpointPoolTest, CompletesAWaiterThatIsEndedOnce) {
  MakePool();
  auto waiting = Wait();

  pool_->EndWaiter(waiting->id, absl::CancelledError("why"));
  pool_->EndWaiter(waiting->id, absl::CancelledError("again"));
  connector_->Succeed();

  EXPECT_EQ(waiting->calls, 1);
  EXPECT_EQ(waiting->status(), absl::CancelledError("why"));
  EXPECT_EQ(pool_->Stats().idle, 1u) << "the connect outlives the one who asked for it";
  EXPECT_EQ(pool_->Stats().counters.acquire_cancelled, 1u);
}

TEST_F(EndpointPoolTest, EndsNoWaiterThatHasItsLease) {
  MakePool();
  auto waiting = Wait();
  connector_->Succeed();

  pool_->EndWaiter(waiting->id, absl::CancelledError(""));

  EXPECT_EQ(waiting->calls, 1);
  EXPECT_TRUE(waiting->has_lease());
  EXPECT_EQ(pool_->Stats().counters.acquire_cancelled, 0u);
}

// Invariant 3: whoever loses the race against its own cancellation gives it back.
TEST_F(EndpointPoolTest, TakesBackALeaseThatNobodyTakes) {
  options_.max_size = 1;
  MakePool();
  int calls = 0;
  ASSERT_TRUE(pool_
                  ->Acquire({.deadline = clock_.Now() + kPatience},
                            [&calls](absl::StatusOr<Lease> lease) {
                              EXPECT_TRUE(lease.ok());
                              ++calls;
                            })
                  .ok());
  auto next = Wait();

  connector_->Succeed();

  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(next->has_lease());
}

TEST_F(EndpointPoolTest, GivesNoLeaseToAnExpiredWaiter) {
  options_.max_size = 1;
  MakePool();
  auto late = Wait(absl::Seconds(1));
  auto patient = Wait(absl::Seconds(9));
  clock_.Advance(absl::Seconds(1));

  connector_->Succeed();

  EXPECT_FALSE(late->has_lease());
  EXPECT_TRUE(patient->has_lease());
  pool_->Maintain();
  EXPECT_EQ(ReasonOf(late->status()), "ACQUIRE_TIMEOUT");
}

// An expired waiter that has not been told yet must not keep others from idle sessions.
TEST_F(EndpointPoolTest, ServesNewCallsPastAnExpiredWaiter) {
  options_.max_size = 1;
  MakePool();
  OpenIdle(1);
  Lease held = Take();
  auto late = Wait(absl::Seconds(1));
  clock_.Advance(absl::Seconds(1));
  held.Return();
  ASSERT_EQ(pool_->Stats().idle, 1u);

  Lease lease = Take();

  EXPECT_TRUE(lease.has_session());
  EXPECT_EQ(late->calls, 1);
  EXPECT_EQ(ReasonOf(late->status()), "ACQUIRE_TIMEOUT");
}

TEST_F(EndpointPoolTest, CountsLeasesAndWaitersAsLoad) {
  options_.max_size = 1;
  MakePool();
  EXPECT_EQ(pool_->in_flight(), 0u);
  auto first = Wait();
  auto second = Wait();
  EXPECT_EQ(pool_->in_flight(), 2u);

  connector_->Succeed();
  EXPECT_EQ(pool_->in_flight(), 2u);
  first->result.reset();
  EXPECT_EQ(pool_->in_flight(), 1u);
}

TEST_F(EndpointPoolTest, TellsHowLongCallsWait) {
  options_.max_size = 1;
  MakePool();
  auto first = Wait();
  clock_.Advance(absl::Seconds(2));
  auto second = Wait();
  EXPECT_EQ(pool_->Stats().oldest_wait, absl::Seconds(2));

  connector_->Succeed();
  clock_.Advance(absl::Seconds(1));
  first->result.reset();

  const PoolStats stats = pool_->Stats();
  EXPECT_FALSE(stats.oldest_wait.has_value());
  EXPECT_EQ(stats.counters.wait_total, absl::Seconds(3));
  EXPECT_EQ(stats.counters.acquired, 2u);
  EXPECT_EQ(stats.counters.acquired_after_wait, 2u);
  EXPECT_EQ(stats.counters.opened, 1u);
}

}  // namespace
}  // namespace pgsluice::testing
