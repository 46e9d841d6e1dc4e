// Roles by probes, routes by roles, and what becomes of waiters when roles change.
#include "pool/cluster.h"

#include "tests/pool/cluster_fixture.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;

TEST_F(ClusterTest, KnowsNoPrimaryBeforeTheFirstProbe) {
  auto call = Start(kWrite);

  EXPECT_EQ(call->reason(), "NO_PRIMARY");
  EXPECT_THAT(std::string(call->result->status().message()), HasSubstr("probed"));
}

TEST_F(ClusterTest, SendsWritesToThePrimaryAndReadsToTheReplica) {
  FindRoles();
  auto write = Start(kWrite);
  auto read = Start(kRead);
  Open("a", Role::kPrimary);
  Open("b", Role::kReplica);

  EXPECT_EQ(write->endpoint(), "a");
  EXPECT_EQ((*write->result)->reason, "write");
  EXPECT_EQ((*write->result)->lease.role(), Role::kPrimary);
  EXPECT_EQ(read->endpoint(), "b");
  EXPECT_EQ((*read->result)->lease.role(), Role::kReplica);
}

TEST_F(ClusterTest, GivesAnIdleSessionAtOnce) {
  FindRoles();
  auto first = Start(kWrite);
  Open("a", Role::kPrimary);
  first->result.reset();

  EXPECT_EQ(Start(kWrite)->endpoint(), "a");
}

TEST_F(ClusterTest, FallsBackToThePrimaryWhenTheReplicaFails) {
  FindRoles();
  Probe(1, Failure());

  auto read = Start(kRead);
  Open("a", Role::kPrimary);

  EXPECT_EQ(read->endpoint(), "a");
  EXPECT_EQ((*read->result)->reason, "fallback_no_replica");
  EXPECT_EQ(Start(kReadOnlyReplica)->reason(), "NO_REPLICA");
}

TEST_F(ClusterTest, TakesProbesThatStayAwayForFailures) {
  FindRoles();
  clock_.Advance(absl::Minutes(1));

  cluster_->Maintain();

  EXPECT_FALSE(cluster_->topology().endpoints[1].is_reachable);
  EXPECT_FALSE(seen_.endpoints[1].is_reachable) << "and says so";
  EXPECT_EQ(Start(kReadOnlyReplica)->reason(), "NO_REPLICA");
}

TEST_F(ClusterTest, WatchesSessionsCloselyWhoseEndpointStopsAnswering) {
  FindRoles();
  auto leased = Start(kWrite);
  auto read = Start(kRead);
  const auto on_a = Open("a", Role::kPrimary);
  const auto on_b = Open("b", Role::kReplica);
  read->result.reset();
  ASSERT_TRUE(leased->has_lease());

  Probe(0, Failure());
  EXPECT_TRUE(on_a->is_watched_closely()) << "though a call holds it";
  EXPECT_FALSE(on_b->is_watched_closely()) << "it answers";

  clock_.Advance(absl::Minutes(1));
  cluster_->Maintain();
  EXPECT_TRUE(on_b->is_watched_closely()) << "its probes stay away";
}

TEST_F(ClusterTest, KeepsWritesWaitingForAPrimaryThatDoesNotAnswer) {
  FindRoles();
  Probe(0, Failure());

  auto write = Start(kWrite);
  EXPECT_FALSE(write->result.has_value());
  Probe(0, Answer(Role::kPrimary));
  Run();
  Open("a", Role::kPrimary);

  EXPECT_EQ(write->endpoint(), "a");
}

TEST_F(ClusterTest, SendsWaitersToTheNewPrimary) {
  FindRoles();
  auto first = Start(kWrite);
  auto second = Start(kWrite);
  ASSERT_EQ(Outstanding("a", Role::kPrimary), 1u);

  Probe(0, Failure());
  Probe(1, Answer(Role::kPrimary, 2));
  Run();
  ASSERT_EQ(Outstanding("b", Role::kPrimary), 1u);
  Open("b", Role::kPrimary);

  EXPECT_EQ(first->endpoint(), "b");
  EXPECT_FALSE(second->result.has_value());
  first->result.reset();
  Run();
  EXPECT_EQ(second->endpoint(), "b");
}

TEST_F(ClusterTest, TellsWaitersWhenThereIsNoPrimaryLeft) {
  options_.failover_buffer.size = 0;
  cluster_->Reconfigure(options_);
  FindRoles();
  auto write = Start(kWrite);

  Probe(0, Answer(Role::kReplica));
  Run();

  EXPECT_EQ(write->reason(), "NO_PRIMARY");
}

// Invariant 10: what was opened for one role is never used for the other.
TEST_F(ClusterTest, UsesNoSessionOfTheOldRole) {
  FindRoles();
  auto write = Start(kWrite);
  const auto leased = Open("a", Role::kPrimary);
  auto read = Start(kRead);
  const auto idle = Open("b", Role::kReplica);
  read->result.reset();

  SwitchOver();

  EXPECT_TRUE(idle->is_closed());
  EXPECT_FALSE(leased->is_closed()) << "its call may end";
  EXPECT_EQ(cluster_->CountSessions(), 1u);
  write->result.reset();
  EXPECT_TRUE(leased->is_closed());
  EXPECT_EQ(cluster_->CountSessions(), 0u);
}

TEST_F(ClusterTest, ShowsRetiredPoolsUntilTheyAreEmpty) {
  FindRoles();
  auto write = Start(kWrite);
  Open("a", Role::kPrimary);
  SwitchOver();
  cluster_->Maintain();
  ASSERT_EQ(cluster_->Stats().size(), 3u);
  EXPECT_EQ(cluster_->Stats()[0].role, Role::kPrimary) << "primaries come first";

  write->result.reset();
  cluster_->Maintain();

  ASSERT_EQ(cluster_->Stats().size(), 2u);
  for (const PoolStats& stats : cluster_->Stats()) EXPECT_FALSE(stats.is_retired);
}

TEST_F(ClusterTest, RemembersWhatPoolsHaveCountedThatAreGone) {
  FindRoles();
  auto write = Start(kWrite);
  Open("a", Role::kPrimary);
  SwitchOver();
  write->result.reset();
  cluster_->Maintain();
  ASSERT_EQ(cluster_->Stats().size(), 2u) << "the old pool is gone";

  PoolCounters as_primary;
  size_t held = 0;
  for (const PoolStats& stats : cluster_->StatsSinceStart()) {
    if (stats.endpoint != "a" || stats.role != Role::kPrimary) continue;
    as_primary.Add(stats.counters);
    held += stats.open + stats.max_size;
  }

  EXPECT_EQ(as_primary.opened, 1u);
  EXPECT_EQ(as_primary.acquired, 1u);
  EXPECT_EQ(as_primary.use_time.count(), 1u);
  EXPECT_EQ(as_primary.closed[static_cast<size_t>(CloseReason::kRetired)], 1u);
  EXPECT_EQ(held, 0u) << "there is no such pool now";
}

TEST_F(ClusterTest, KeepsItsPoolsWhileRolesStay) {
  FindRoles();
  auto write = Start(kWrite);
  const auto session = Open("a", Role::kPrimary);
  write->result.reset();
  const uint64_t generation = cluster_->topology().generation;

  Probe(0, Failure());
  FindRoles();
  cluster_->Maintain();

  EXPECT_FALSE(session->is_closed());
  EXPECT_EQ(cluster_->topology().generation, generation);
}

TEST_F(ClusterTest, EndsAWaitThatIsStopped) {
  FindRoles();
  auto write = Start(kWrite);

  write->stop.Stop(StopReason::kCancelled);
  Run();

  EXPECT_EQ(write->reason(), "CANCELLED");
  EXPECT_EQ(DetailsOf(write->result->status())->outcome, Outcome::kNotStarted);
  EXPECT_EQ(cluster_->Stats()[0].waiters, 0u);
}

TEST_F(ClusterTest, TakesNoSessionForACallThatIsStopped) {
  FindRoles();
  auto call = std::make_shared<Call>();
  call->stop.Stop(StopReason::kDeadline);
  asio::co_spawn(loop_.executor(),
                 RunCall(*cluster_, call, kWrite, absl::InfiniteFuture()),
                 asio::detached);
  Run();

  EXPECT_EQ(call->reason(), "DEADLINE_EXCEEDED");
  EXPECT_EQ(Outstanding("a", Role::kPrimary), 0u);
}

TEST_F(ClusterTest, WaitsNoLongerThanItsDeadline) {
  FindRoles();
  auto write = Start(kWrite, absl::Seconds(1));

  clock_.Advance(absl::Seconds(1));
  cluster_->Maintain();
  Run();

  EXPECT_EQ(write->reason(), "ACQUIRE_TIMEOUT");
}

TEST_F(ClusterTest, EndsAWaitByItsOwnTimer) {
  FindRoles();
  auto write = Start(kWrite, absl::Milliseconds(1));
  clock_.Advance(absl::Seconds(1));

  while (!write->result.has_value()) loop_.RunReady();

  EXPECT_EQ(write->reason(), "ACQUIRE_TIMEOUT");
}

// Time in one queue counts in the next.
TEST_F(ClusterTest, WaitsNoLongerThanTheAcquireTimeoutOverall) {
  FindRoles();
  auto write = Start(kWrite);
  const absl::Duration timeout = options_.pools.primary.acquire_timeout;
  clock_.Advance(timeout / 2);
  SwitchOver();
  Run();
  ASSERT_FALSE(write->result.has_value());

  clock_.Advance(timeout / 2);
  SwitchOver();  // As before.
  cluster_->Maintain();
  Run();

  EXPECT_EQ(write->reason(), "ACQUIRE_TIMEOUT");
}

// Invariant 12: after drain no new lease.
TEST_F(ClusterTest, GivesNoLeaseOnceItDrains) {
  FindRoles();
  auto held = Start(kWrite);
  const auto session = Open("a", Role::kPrimary);
  auto waiting = Start(kWrite);

  cluster_->Retire();
  Run();

  EXPECT_EQ(waiting->reason(), "DRAINING");
  EXPECT_EQ(Start(kRead)->reason(), "DRAINING");
  EXPECT_FALSE(session->is_closed());
  EXPECT_EQ(cluster_->CountSessions(), 1u);
  held->result.reset();
  EXPECT_TRUE(session->is_closed());
  EXPECT_EQ(cluster_->CountSessions(), 0u);

  Probe(1, Answer(Role::kPrimary, 2));
  EXPECT_EQ(Start(kWrite)->reason(), "DRAINING") << "a probe does not revive it";
}

}  // namespace
}  // namespace pgsluice::testing
