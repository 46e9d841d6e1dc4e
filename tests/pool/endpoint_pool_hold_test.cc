// What an operator asks of a pool: pause, resume, renewal.
#include "pool/error.h"
#include "tests/pool/endpoint_pool_fixture.h"

namespace pgsluice::testing {
namespace {

class EndpointPoolHoldTest : public EndpointPoolTest {
 protected:
  size_t Open() { return pool_->Stats().open; }
};

TEST_F(EndpointPoolHoldTest, APausedPoolLetsLeasesEndAndGivesNone) {
  MakePool();
  OpenIdle(2);
  Lease lease = Take();
  pool_->Pause();

  auto waiting = Wait();
  lease = {};
  pool_->Maintain();

  EXPECT_EQ(waiting->calls, 0);
  EXPECT_EQ(pool_->Stats().idle, 2u);
  EXPECT_EQ(connector_->outstanding(), 0u) << "nobody may have one: none is opened";
  EXPECT_TRUE(pool_->Stats().is_paused);

  pool_->Resume();
  EXPECT_TRUE(waiting->has_lease());
  EXPECT_FALSE(pool_->Stats().is_paused);
}

TEST_F(EndpointPoolHoldTest, AWaiterOfAPausedPoolIsToldSoAtItsDeadline) {
  MakePool();
  OpenIdle(1);
  pool_->Pause();
  auto waiting = Wait(absl::Seconds(1));
  clock_.Advance(absl::Seconds(1));
  pool_->Maintain();

  EXPECT_EQ(waiting->calls, 1);
  const absl::Status status = waiting->status();
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_EQ(DetailsOf(status)->reason, "POOL_PAUSED");
  EXPECT_EQ(DetailsOf(status)->outcome, Outcome::kNotStarted);
}

TEST_F(EndpointPoolHoldTest, ResumeServesAsManyAsThereAreSessionsAndOpensForTheRest) {
  MakePool();
  OpenIdle(2);
  pool_->Pause();
  std::vector<std::shared_ptr<Waiting>> waiting;
  for (int i = 0; i < 3; ++i) waiting.push_back(Wait());

  pool_->Resume();

  EXPECT_TRUE(waiting[0]->has_lease());
  EXPECT_TRUE(waiting[1]->has_lease());
  EXPECT_EQ(waiting[2]->calls, 0);
  EXPECT_EQ(connector_->outstanding(), 1u);
  connector_->Succeed();
  EXPECT_TRUE(waiting[2]->has_lease());
}

TEST_F(EndpointPoolHoldTest, DialsThatFailWhilePausedEndNoWaiter) {
  options_.min_size = 1;
  options_.connect_retry_limit = 1;
  MakePool();
  pool_->Pause();
  auto waiting = Wait(absl::Seconds(60));
  for (int i = 0; i < 5; ++i) {
    clock_.Advance(absl::Seconds(5));
    pool_->Maintain();
    connector_->Fail("down");
  }
  EXPECT_EQ(waiting->calls, 0);

  clock_.Advance(absl::Seconds(5));
  pool_->Resume();
  connector_->Succeed();
  EXPECT_TRUE(waiting->has_lease());
}

TEST_F(EndpointPoolHoldTest, RenewsIdleSessionsAtTheRateOfTheGate) {
  options_.connect_rate = 10;
  options_.connect_burst = 3;
  MakePool();
  OpenIdle(3);  // The burst is spent.
  pool_->Renew();
  EXPECT_EQ(pool_->Stats().to_renew, 3u);
  EXPECT_EQ(Closed(CloseReason::kRenewed), 0u);

  for (uint64_t i = 1; i <= 3; ++i) {
    clock_.Advance(absl::Milliseconds(101));
    pool_->Maintain();
    EXPECT_EQ(Closed(CloseReason::kRenewed), i);
    EXPECT_EQ(connector_->outstanding(), 1u) << "a new one comes for each that goes";
    connector_->Succeed();
  }
  clock_.Advance(absl::Seconds(1));
  pool_->Maintain();
  EXPECT_EQ(pool_->Stats().to_renew, 0u);
  EXPECT_EQ(Closed(CloseReason::kRenewed), 3u) << "new ones stay";
  EXPECT_EQ(Open(), 3u);
}

TEST_F(EndpointPoolHoldTest, RenewsALeasedSessionOnReturn) {
  MakePool();
  OpenIdle(1);
  Lease lease = Take();
  pool_->Renew();
  EXPECT_EQ(Closed(CloseReason::kRenewed), 0u);

  lease = {};

  EXPECT_EQ(Closed(CloseReason::kRenewed), 1u);
  auto waiting = Wait();
  connector_->Succeed();
  EXPECT_TRUE(waiting->has_lease());
}

TEST_F(EndpointPoolHoldTest, WhereNoneMayBeDialledTheOldSessionServesOn) {
  MakePool();
  OpenIdle(2);
  Lease lease = Take();
  pool_->Renew();  // One idle goes, and its successor fails: the server is down.
  ASSERT_EQ(Closed(CloseReason::kRenewed), 1u);
  connector_->Fail("password authentication failed");

  lease = {};
  pool_->Maintain();

  EXPECT_EQ(Closed(CloseReason::kRenewed), 1u);
  EXPECT_EQ(Open(), 1u);
  lease = Take();
  lease = {};
}

TEST_F(EndpointPoolHoldTest, ADialOfBeforeTheRenewalIsRenewedToo) {
  MakePool();
  auto waiting = Wait();
  pool_->Renew();
  auto other = std::make_shared<FakeConnector>();
  pool_->UseConnector(other);
  connector_->Succeed();
  ASSERT_TRUE(waiting->has_lease());
  EXPECT_EQ(pool_->Stats().to_renew, 1u);

  waiting->result.reset();

  EXPECT_EQ(Closed(CloseReason::kRenewed), 1u);
  EXPECT_EQ(other->outstanding(), 1u) << "the new one comes from the new connector";
  other->Succeed();
  EXPECT_EQ(pool_->Stats().to_renew, 0u);
  EXPECT_EQ(Open(), 1u);
}

}  // namespace
}  // namespace pgsluice::testing
