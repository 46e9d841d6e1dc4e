// What becomes of calls while there is no primary, and of replicas that fail calls.
#include "tests/pool/cluster_fixture.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;

class ClusterFailoverTest : public ClusterTest {
 protected:
  // a is gone; b is a replica still.
  void LosePrimary() {
    Tick();
    Probe(0, Failure());
    Probe(1, Answer(Role::kReplica));
    Run();
  }
  // b is the primary.
  void Promote() {
    Tick();
    Probe(0, Failure());
    Probe(1, Answer(Role::kPrimary, 2));
    Run();
  }
  void Tick(absl::Duration by = absl::Milliseconds(250)) { clock_.Advance(by); }
  // Time passes, and probes find what they found.
  void TickWithoutPrimary(absl::Duration by) {
    for (absl::Duration left = by; left > absl::ZeroDuration();
         left -= absl::Seconds(1)) {
      Tick(std::min(left, absl::Seconds(1)));
      Probe(0, Failure());
      Probe(1, Answer(Role::kReplica));
    }
    cluster_->Maintain();
    Run();
  }
  void Reconfigure() { cluster_->Reconfigure(options_); }
  size_t Buffered() { return cluster_->BufferStats().now; }
};

TEST_F(ClusterFailoverTest, WritesWaitForTheNextPrimary) {
  FindRoles();
  LosePrimary();

  auto write = Start(kWrite);
  EXPECT_FALSE(write->result.has_value());
  EXPECT_EQ(Buffered(), 1u);
  Promote();
  Open("b", Role::kPrimary);

  EXPECT_EQ(write->endpoint(), "b");
  EXPECT_EQ((*write->result)->reason, "write");
  EXPECT_EQ(Buffered(), 0u);
}

TEST_F(ClusterFailoverTest, WaitersOfTheLostPrimaryWaitForTheNextOne) {
  FindRoles();
  auto write = Start(kWrite);
  ASSERT_EQ(cluster_->Stats()[0].waiters, 1u);

  LosePrimary();
  EXPECT_EQ(Buffered(), 1u);
  Promote();
  Open("b", Role::kPrimary);

  EXPECT_EQ(write->endpoint(), "b");
}

TEST_F(ClusterFailoverTest, ReadsGoOn) {
  FindRoles();
  LosePrimary();

  auto read = Start(kRead);
  Open("b", Role::kReplica);

  EXPECT_EQ(read->endpoint(), "b");
}

TEST_F(ClusterFailoverTest, TheSamePrimaryMayComeBack) {
  FindRoles();
  LosePrimary();
  auto write = Start(kWrite);

  Tick();
  FindRoles();
  Run();
  Open("a", Role::kPrimary);

  EXPECT_EQ(write->endpoint(), "a");
  EXPECT_EQ(cluster_->topology().counters.outages, 1u);
  EXPECT_EQ(cluster_->topology().counters.failovers, 0u);
  EXPECT_EQ(cluster_->topology().counters.last_outage, absl::Milliseconds(250));
}

TEST_F(ClusterFailoverTest, AWaitEndsAfterItsTime) {
  FindRoles();
  LosePrimary();
  auto write = Start(kWrite);

  TickWithoutPrimary(absl::Seconds(9));
  EXPECT_FALSE(write->result.has_value());
  TickWithoutPrimary(absl::Seconds(1));

  EXPECT_EQ(write->reason(), "NO_PRIMARY");
  EXPECT_THAT(std::string(write->result->status().message()),
              HasSubstr("routing.failover_buffer_time"));
  EXPECT_EQ(DetailsOf(write->result->status())->outcome, Outcome::kNotStarted);
  EXPECT_EQ(cluster_->BufferStats().expired, 1u);
}

TEST_F(ClusterFailoverTest, TheCallsOwnDeadlineMayBeSooner) {
  FindRoles();
  LosePrimary();
  auto write = Start(kWrite, absl::Seconds(2));

  TickWithoutPrimary(absl::Seconds(2));

  EXPECT_EQ(write->reason(), "NO_PRIMARY");
}

TEST_F(ClusterFailoverTest, ACallThatIsCancelledWaitsNoMore) {
  FindRoles();
  LosePrimary();
  auto write = Start(kWrite);

  write->stop.Stop(StopReason::kCancelled);
  Run();

  EXPECT_EQ(write->reason(), "CANCELLED");
  EXPECT_EQ(Buffered(), 0u);
}

TEST_F(ClusterFailoverTest, OnlySoManyWait) {
  options_.failover_buffer.size = 2;
  Reconfigure();
  FindRoles();
  LosePrimary();
  auto first = Start(kWrite);
  auto second = Start(kWrite);

  auto third = Start(kWrite);

  EXPECT_FALSE(first->result.has_value());
  EXPECT_EQ(third->reason(), "FAILOVER_BUFFER_FULL");
  EXPECT_EQ(cluster_->BufferStats().refused, 1u);
}

TEST_F(ClusterFailoverTest, NobodyWaitsForLongerThanAFailoverTakes) {
  FindRoles();
  LosePrimary();
  TickWithoutPrimary(2 * options_.failover_buffer.time);

  EXPECT_EQ(Start(kWrite)->reason(), "NO_PRIMARY");
  EXPECT_EQ(Buffered(), 0u);
}

TEST_F(ClusterFailoverTest, WaitersAreReleasedOnlySoManyAtATime) {
  options_.pools.primary.max_size = 2;
  Reconfigure();
  FindRoles();
  LosePrimary();
  std::vector<std::shared_ptr<Call>> writes;
  for (int i = 0; i < 5; ++i) writes.push_back(Start(kWrite));

  Promote();
  EXPECT_EQ(Buffered(), 3u);
  EXPECT_EQ(cluster_->Stats()[0].waiters, 2u);
  Open("b", Role::kPrimary);

  EXPECT_TRUE(writes[0]->has_lease());
  EXPECT_EQ(Buffered(), 2u) << "one has its session, the next one takes its turn";
  for (auto& write : writes) write->result.reset();
  Run();
}

// Two that accept writes on one timeline: nobody knows which one, and waiting does not
// help.
TEST_F(ClusterFailoverTest, AContestIsToldAtOnce) {
  FindRoles();
  LosePrimary();
  auto waiting = Start(kWrite);

  Tick();
  Probe(0, Answer(Role::kPrimary));
  Probe(1, Answer(Role::kPrimary));
  Run();

  // In between, a alone was the primary again, and took it.
  auto write = Start(kWrite);
  EXPECT_EQ(write->reason(), "NO_PRIMARY");
  EXPECT_THAT(std::string(write->result->status().message()), HasSubstr("both"));
  EXPECT_EQ(waiting->reason(), "NO_PRIMARY");
}

TEST_F(ClusterFailoverTest, AnOldPrimaryThatComesBackGetsNoWrite) {
  FindRoles();
  LosePrimary();
  auto write = Start(kWrite);

  Tick();
  Probe(1, Answer(Role::kPrimary, 2));
  Probe(0, Answer(Role::kPrimary, 1));
  Run();
  Open("b", Role::kPrimary);

  EXPECT_EQ(write->endpoint(), "b");
  EXPECT_EQ(Outstanding("a", Role::kPrimary), 0u);
  EXPECT_EQ(cluster_->topology().counters.failovers, 1u);
}

TEST_F(ClusterFailoverTest, ADoubtedPrimaryGetsNoWriteBeforeItIsProbedAgain) {
  FindRoles();
  Tick();
  cluster_->Doubt("a");

  auto write = Start(kWrite);
  EXPECT_FALSE(write->result.has_value());
  const ProbeResult older = Answer(Role::kPrimary);
  Probe(0, older);
  Run();
  EXPECT_EQ(Outstanding("a", Role::kPrimary), 0u) << "that was asked before";

  Tick();
  Probe(0, Answer(Role::kPrimary));
  Run();
  Open("a", Role::kPrimary);
  EXPECT_EQ(write->endpoint(), "a");

  // Not again at once: whoever doubts it may be wrong.
  cluster_->Doubt("a");
  write->result.reset();
  EXPECT_EQ(Start(kWrite)->endpoint(), "a");
}

TEST_F(ClusterFailoverTest, WaitersOfAPoolThatGoesAreNotHeldUpByADoubt) {
  FindRoles();
  auto write = Start(kWrite);
  Tick();

  cluster_->Doubt("a");
  Run();

  EXPECT_EQ(Buffered(), 1u);
  Promote();
  Open("b", Role::kPrimary);
  EXPECT_EQ(write->endpoint(), "b");
}

// Probes do not get through, but the pool's sessions do: better than none.
TEST_F(ClusterFailoverTest, APrimaryThatStillAnswersCallsIsUsed) {
  FindRoles();
  auto write = Start(kWrite);
  Open("a", Role::kPrimary);
  write->result.reset();
  Tick();
  Probe(0, Failure());

  EXPECT_EQ(Start(kWrite)->endpoint(), "a");
}

TEST_F(ClusterFailoverTest, AReadThatFallsBackTakesTheReplicaThatComes) {
  FindRoles();
  LosePrimary();
  Probe(1, Failure());
  auto read = Start(kRead);
  EXPECT_EQ(Buffered(), 1u);

  Tick();
  Probe(1, Answer(Role::kReplica));
  Run();
  Open("b", Role::kReplica);

  EXPECT_EQ(read->endpoint(), "b");
}

TEST_F(ClusterFailoverTest, ADrainEndsTheWait) {
  FindRoles();
  LosePrimary();
  auto write = Start(kWrite);

  cluster_->Retire();
  Run();

  EXPECT_EQ(write->reason(), "DRAINING");
}

// A fresh gateway, and the stale primary answers first.
TEST_F(ClusterFailoverTest, TheFirstPrimaryIsChosenWhenAllHaveAnswered) {
  Probe(0, Answer(Role::kPrimary, 1));
  EXPECT_EQ(Start(kWrite)->reason(), "NO_PRIMARY");
  Probe(1, Answer(Role::kPrimary, 2));

  auto write = Start(kWrite);
  Open("b", Role::kPrimary);

  EXPECT_EQ(write->endpoint(), "b");
  EXPECT_EQ(Outstanding("a", Role::kPrimary), 0u);
}

TEST_F(ClusterFailoverTest,
       AnEndpointThatNeverAnswersHoldsUpTheFirstPrimaryOnlyForAWhile) {
  cluster_->Maintain();
  Tick(options_.probe.timeout);
  Probe(0, Answer(Role::kPrimary, 1));

  auto write = Start(kWrite);
  Open("a", Role::kPrimary);

  EXPECT_EQ(write->endpoint(), "a");
}

// A replica receives timeline 2: whoever writes on timeline 1 is a primary no more.
TEST_F(ClusterFailoverTest, AReplicaKnowsOfATimelineWhosePrimaryCannotBeSeen) {
  ProbeResult replica = Answer(Role::kReplica, 2);
  replica.received_timeline = 2;
  Probe(1, replica);
  Probe(0, Answer(Role::kPrimary, 1));

  EXPECT_EQ(Start(kWrite)->reason(), "NO_PRIMARY");
}

class ClusterEjectionTest : public ClusterFailoverTest {
 protected:
  ClusterEjectionTest() {
    options_.endpoints.push_back({"c", "host=c"});
    Reconfigure();
    FindAll();
  }
  // a is the primary, b and c are its replicas.
  void FindAll(bool is_new_session = false) {
    for (size_t i = 0; i < 3; ++i) {
      ProbeResult answer = Answer(i == 0 ? Role::kPrimary : Role::kReplica);
      answer.is_new_session = is_new_session;
      Probe(i, answer);
    }
  }
  bool IsEjected(size_t i) {
    return cluster_->topology().endpoints[i].ejection.has_value();
  }
};

TEST_F(ClusterEjectionTest,
       AReplicaThatRefusesSessionsIsEjectedAndItsWaitersGoElsewhere) {
  auto first = Start(kRead);
  auto second = Start(kRead);
  ASSERT_EQ(Outstanding("b", Role::kReplica), 1u);
  ASSERT_EQ(Outstanding("c", Role::kReplica), 1u);

  connectors_.Of("b", Role::kReplica).Fail("refused");
  Run();
  EXPECT_TRUE(IsEjected(1));
  EXPECT_TRUE(cluster_->IsSuspect(options_.endpoints[1]));
  EXPECT_FALSE(cluster_->IsSuspect(options_.endpoints[2]));
  Open("c", Role::kReplica);

  const auto served = first->has_lease() ? first : second;
  EXPECT_EQ(served->endpoint(), "c");
  served->result.reset();
  Run();
  EXPECT_TRUE(first->has_lease() || second->has_lease()) << "the other one, too";
  EXPECT_EQ(cluster_->EjectionCounts()[0], 1u);
}

TEST_F(ClusterEjectionTest, TheLastReplicaIsNotEjected) {
  auto first = Start(kRead);
  auto second = Start(kRead);
  connectors_.Of("b", Role::kReplica).Fail("refused");
  connectors_.Of("c", Role::kReplica).Fail("refused");

  EXPECT_TRUE(IsEjected(1));
  EXPECT_FALSE(IsEjected(2));
}

TEST_F(ClusterEjectionTest, AProbeOnANewSessionBringsItBack) {
  auto first = Start(kRead);
  auto second = Start(kRead);
  connectors_.Of("b", Role::kReplica).Fail("refused");
  ASSERT_TRUE(IsEjected(1));

  Tick(absl::Seconds(1.5));
  FindAll();
  EXPECT_TRUE(IsEjected(1)) << "the old session says nothing";
  Tick();
  FindAll(true);

  EXPECT_FALSE(IsEjected(1));
  EXPECT_FALSE(cluster_->IsSuspect(options_.endpoints[1]));
}

TEST_F(ClusterEjectionTest, ThePrimaryIsNeverEjected) {
  auto write = Start(kWrite);
  connectors_.Of("a", Role::kPrimary).Fail("refused");

  EXPECT_FALSE(IsEjected(0));
}

TEST_F(ClusterEjectionTest, AFullServerIsNotEjected) {
  auto read = Start(kRead);
  auto other = Start(kRead);
  PostgresFields full;
  full.sqlstate = "53300";
  full.severity = "FATAL";
  full.message = "too many clients";
  connectors_.Of("b", Role::kReplica)
      .FailWith(PostgresError(full, {.endpoint = "b", .phase = Phase::kConnect}));

  EXPECT_FALSE(IsEjected(1));
}

TEST_F(ClusterEjectionTest, AReplicaTooFarBehindGetsNoReads) {
  options_.lag_bound = {.time = absl::ZeroDuration(), .bytes = 100};
  Reconfigure();
  ProbeResult primary = Answer(Role::kPrimary);
  primary.lsn_value = 1000;
  ProbeResult behind = Answer(Role::kReplica);
  behind.lsn_value = 899;
  ProbeResult close = Answer(Role::kReplica);
  close.lsn_value = 900;
  Probe(1, behind);
  Probe(2, close);
  Probe(0, primary);

  for (int i = 0; i < 20; ++i) {
    const RouteExplanation route = cluster_->Explain(kRead);
    ASSERT_TRUE(route.decision.ok());
    EXPECT_EQ(route.decision->endpoint, 2u);
    EXPECT_EQ(route.endpoints[1].rejection, Rejection::kLagging);
  }
  EXPECT_EQ(cluster_->topology().counters.lag_exits, 1u);
}

TEST_F(ClusterEjectionTest, AWeightOfZeroMeansNoReads) {
  options_.endpoints[1].weight = 0;
  Reconfigure();

  const RouteExplanation route = cluster_->Explain(kRead);

  EXPECT_EQ(route.decision->endpoint, 2u);
  EXPECT_EQ(route.endpoints[0].rejection, Rejection::kOtherRole);
  EXPECT_EQ(route.endpoints[1].rejection, Rejection::kNoWeight);
  EXPECT_EQ(route.endpoints[2].rejection, Rejection::kNone);
}

TEST_F(ClusterEjectionTest, ExplainsAWriteThatWaits) {
  Tick();
  Probe(0, Failure());

  const RouteExplanation route = cluster_->Explain(kWrite);

  ASSERT_TRUE(route.decision.ok());
  EXPECT_TRUE(route.decision->awaits_primary);
  EXPECT_EQ(route.endpoints[0].rejection, Rejection::kUnreachable);
  EXPECT_EQ(route.endpoints[1].rejection, Rejection::kOtherRole);
  EXPECT_THAT(ExplainRejection(Rejection::kUnreachable, route.topology.endpoints[0],
                               Role::kPrimary, clock_.Now()),
              HasSubstr("no answer"));
}

}  // namespace
}  // namespace pgsluice::testing
