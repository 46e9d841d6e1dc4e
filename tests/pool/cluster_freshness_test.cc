// Reads with a freshness through Cluster, with probes and a gauge that the test answers.
#include <atomic>

#include "tests/pool/cluster_fixture.h"
#include "tests/testing/wait_for.h"

namespace pgsluice::testing {
namespace {

constexpr uint64_t kCluster = 7;  // As Answer has it.

// Of the one replica: says how far it is, as of the fake clock.
class FakeGauge final : public ReplayGauge {
 public:
  FakeGauge(const Clock& clock, const std::atomic<uint64_t>& lsn)
      : clock_(clock), lsn_(lsn) {}
  absl::StatusOr<WalReading> Ask() override {
    return WalReading{.position = {1, lsn_}, .asked_at = clock_.Now()};
  }
  void Rest() override {}
  void Interrupt() override {}

 private:
  const Clock& clock_;
  const std::atomic<uint64_t>& lsn_;
};

class ClusterFreshnessTest : public ClusterTest {
 protected:
  ClusterFreshnessTest() {
    cluster_.emplace(ClusterDeps{.options = options_,
                                 .shards = 1,
                                 .connectors = &connectors_,
                                 .clock = &clock_,
                                 .on_change = {},
                                 .on_session_event = {},
                                 .make_gauge = [this](const Endpoint&) {
                                   return std::make_unique<FakeGauge>(clock_, replayed_);
                                 }});
  }

  // a is the primary, at 1000; b its replica.
  void FindRolesAt(uint64_t replica_lsn) {
    ProbeResult primary = Answer(Role::kPrimary);
    primary.lsn_value = 1000;
    Probe(0, primary);
    ProbeResult replica = Answer(Role::kReplica);
    replica.lsn_value = replica_lsn;
    Probe(1, replica);
    replayed_ = replica_lsn;
  }
  static RouteRequest AtLeast(uint64_t lsn, IfUnmet if_unmet, uint32_t timeline = 1,
                              uint64_t cluster = kCluster) {
    RouteRequest request = kRead;
    request.freshness.kind = Freshness::Kind::kAtLeast;
    request.freshness.token = {.system_identifier = cluster, .position = {timeline, lsn}};
    request.if_unmet = if_unmet;
    return request;
  }
  ::testing::AssertionResult Ends(const std::shared_ptr<Call>& call) {
    return WaitFor("the call ends", [&] {
      Run();
      return call->result.has_value();
    });
  }

  std::atomic<uint64_t> replayed_ = 0;
};

TEST_F(ClusterFreshnessTest, AReplicaThatIsThereServesAtOnce) {
  FindRolesAt(500);
  clock_.Advance(absl::Milliseconds(1));

  const auto call = Start(AtLeast(500, IfUnmet::kFail));
  EXPECT_EQ(Outstanding("b", Role::kReplica), 1U);
  // Its session is younger than the probe: the gauge has the last word.
  Open("b", Role::kReplica);

  ASSERT_TRUE(Ends(call));
  EXPECT_EQ(call->endpoint(), "b");
}

TEST_F(ClusterFreshnessTest, AServerThatStartedAnewSinceItsProbeIsNotTrusted) {
  FindRolesAt(500);
  clock_.Advance(absl::Milliseconds(1));
  replayed_ = 300;  // It crashed, and is not back where it was.

  const auto call = Start(AtLeast(500, IfUnmet::kWait));
  Open("b", Role::kReplica);
  EXPECT_TRUE(WaitFor("it is asked", [&] {
    Run();
    return cluster_->fresh_reads().questions > 2;
  }));
  EXPECT_FALSE(call->result.has_value());

  replayed_ = 500;
  ASSERT_TRUE(Ends(call));
  EXPECT_EQ(call->endpoint(), "b");
  EXPECT_GT((*call->result)->freshness_wait, absl::Duration(-absl::Seconds(1)));
}

TEST_F(ClusterFreshnessTest, IfUnmetDecidesWhereNoReplicaIsThere) {
  FindRolesAt(500);

  const auto fail = Start(AtLeast(501, IfUnmet::kFail));
  const auto primary = Start(AtLeast(501, IfUnmet::kPrimary));
  RouteRequest barred = AtLeast(501, IfUnmet::kPrimary);
  barred.fallback = ReadFallback::kNone;
  const auto nowhere = Start(barred);

  EXPECT_EQ(fail->reason(), "NOT_FRESH_ENOUGH");
  EXPECT_EQ(nowhere->reason(), "NOT_FRESH_ENOUGH");
  Open("a", Role::kPrimary);
  EXPECT_EQ(primary->endpoint(), "a");
  EXPECT_EQ((*primary->result)->reason, "fallback_stale");
  EXPECT_EQ(cluster_->fresh_reads().unmet, 2U);
  EXPECT_EQ(cluster_->fresh_reads().to_primary, 1U);
}

TEST_F(ClusterFreshnessTest, ByDefaultItWaitsAndThenGoesToThePrimary) {
  FindRolesAt(500);

  const auto call = Start(AtLeast(501, IfUnmet::kDefault));
  EXPECT_EQ(Outstanding("a", Role::kPrimary), 0U);
  clock_.Advance(options_.freshness_wait);

  EXPECT_TRUE(WaitFor("it goes to the primary", [&] {
    Run();
    return Outstanding("a", Role::kPrimary) == 1;
  }));
  Open("a", Role::kPrimary);
  EXPECT_EQ(call->endpoint(), "a");
}

TEST_F(ClusterFreshnessTest, ACallThatStopsWaitsNoLonger) {
  FindRolesAt(500);
  const auto call = Start(AtLeast(501, IfUnmet::kWait));
  EXPECT_EQ(cluster_->fresh_reads().waiting, 1U);

  call->stop.Stop(StopReason::kCancelled);
  Run();

  EXPECT_EQ(call->reason(), "CANCELLED");
  EXPECT_EQ(cluster_->fresh_reads().waiting, 0U);
}

TEST_F(ClusterFreshnessTest, JustBeforeTheDeadlineItSaysWhatItWaitedFor) {
  FindRolesAt(500);
  const auto call = Start(AtLeast(501, IfUnmet::kWait), absl::Seconds(10));
  clock_.Advance(absl::Milliseconds(9950));

  ASSERT_TRUE(Ends(call));
  EXPECT_EQ(call->reason(), "NOT_FRESH_IN_TIME");
  EXPECT_NE(call->result->status().message().find("b was last seen at 0/1F4, 1 bytes"),
            std::string::npos)
      << call->result->status();
}

TEST_F(ClusterFreshnessTest, ALaterTimelineThanIsKnownNeverGoesToTheOldPrimary) {
  FindRolesAt(500);
  const auto call = Start(AtLeast(100, IfUnmet::kPrimary, /*timeline=*/2));
  EXPECT_FALSE(call->result.has_value());
  EXPECT_EQ(Outstanding("a", Role::kPrimary), 0U);

  // b is found promoted.
  ProbeResult promoted = Answer(Role::kPrimary, 2);
  promoted.lsn_value = 600;
  Probe(1, promoted);
  EXPECT_TRUE(WaitFor("it goes there", [&] {
    Run();
    return Outstanding("b", Role::kPrimary) == 1;
  }));
  Open("b", Role::kPrimary);
  EXPECT_EQ(call->endpoint(), "b");
}

TEST_F(ClusterFreshnessTest, TokensThatLeadNowhereAreRefusedWhateverTheReadWants) {
  FindRolesAt(500);
  ProbeResult promoted = Answer(Role::kPrimary, 2);
  promoted.lsn_value = 600;
  promoted.history = std::make_shared<const TimelineHistory>(
      TimelineHistory{.timeline = 2, .ends = {{1, 550, 550}}});
  Probe(1, promoted);
  for (const IfUnmet if_unmet :
       {IfUnmet::kDefault, IfUnmet::kWait, IfUnmet::kPrimary, IfUnmet::kFail}) {
    EXPECT_EQ(Start(AtLeast(551, if_unmet))->reason(), "TOKEN_LOST");
    EXPECT_EQ(Start(AtLeast(1, if_unmet, 2, kCluster + 1))->reason(),
              "TOKEN_OF_ANOTHER_CLUSTER");
  }
  EXPECT_EQ(cluster_->fresh_reads().tokens_refused, 8U);
}

}  // namespace
}  // namespace pgsluice::testing
