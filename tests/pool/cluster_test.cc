// Roles by probes, routes by roles, and what becomes of waiters when roles change.
#include "pool/cluster.h"

#include <map>

#include "asio/co_spawn.hpp"
#include "asio/detached.hpp"
#include "asio/io_context.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "pool/error.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_session.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;

// Remembers the connector of each endpoint's pool, by role.
class FakeConnectors final : public ConnectorFactory {
 public:
  std::shared_ptr<Connector> Make(const Endpoint& endpoint, Role role) override {
    return made_[{endpoint.name, role}] = std::make_shared<FakeConnector>();
  }
  FakeConnector& Of(const std::string& endpoint, Role role) {
    auto& connector = made_[{endpoint, role}];
    if (connector == nullptr) connector = std::make_shared<FakeConnector>();
    return *connector;
  }

 private:
  std::map<std::pair<std::string, Role>, std::shared_ptr<FakeConnector>> made_;
};

// What has come of one Acquire.
struct Call {
  StopSignal stop;
  std::optional<absl::StatusOr<RoutedLease>> result;

  bool has_lease() const { return result.has_value() && result->ok(); }
  std::string endpoint() const {
    return has_lease() ? (*result)->lease.endpoint() : "none";
  }
  std::string reason() const {
    if (!result.has_value() || result->ok()) return "";
    const auto details = DetailsOf(result->status());
    return details.has_value() ? details->reason
                               : std::string(result->status().message());
  }
};

asio::awaitable<void> RunCall(Cluster& cluster, std::shared_ptr<Call> call,
                              RouteRequest request, absl::Time deadline) {
  call->result = co_await cluster.Acquire(request, 0, deadline, call->stop);
}

constexpr RouteRequest kWrite = {Intent::kWrite, {}, ReadFallback::kPrimary};
constexpr RouteRequest kRead = {Intent::kRead, {}, ReadFallback::kPrimary};
constexpr RouteRequest kReadOnlyReplica = {Intent::kRead, {}, ReadFallback::kNone};

class ClusterTest : public ::testing::Test {
 protected:
  ClusterTest() {
    ClusterOptions options;
    options.endpoints = {{"a", ""}, {"b", ""}};
    options.primary.min_size = options.replica.min_size = 0;
    options.primary.max_size = options.replica.max_size = 1;
    cluster_.emplace(ClusterDeps{
        .options = options,
        .shards = 1,
        .connectors = &connectors_,
        .clock = &clock_,
        .on_change = [this](const Topology&, const Topology& after) { seen_ = after; }});
  }

  ProbeResult Answer(Role role, uint32_t timeline = 1) {
    ProbeResult answer;
    answer.ok = true;
    answer.in_recovery = role == Role::kReplica;
    answer.system_identifier = "7";
    answer.timeline = timeline;
    answer.at = clock_.Now();
    return answer;
  }
  ProbeResult Failure() {
    ProbeResult failure;
    failure.error = "no answer";
    failure.at = clock_.Now();
    return failure;
  }

  // a is the primary, b its replica.
  void FindRoles() {
    cluster_->OnProbe(0, Answer(Role::kPrimary));
    cluster_->OnProbe(1, Answer(Role::kReplica));
  }
  // b takes over, a follows.
  void SwitchOver() {
    cluster_->OnProbe(0, Answer(Role::kReplica, 2));
    cluster_->OnProbe(1, Answer(Role::kPrimary, 2));
  }

  std::shared_ptr<Call> Start(const RouteRequest& request,
                              absl::Duration patience = absl::Seconds(60)) {
    auto call = std::make_shared<Call>();
    asio::co_spawn(loop_, RunCall(*cluster_, call, request, clock_.Now() + patience),
                   asio::detached);
    Run();
    return call;
  }
  // Runs what can run without waiting.
  void Run() {
    loop_.restart();
    loop_.poll();
  }

  size_t Outstanding(const std::string& endpoint, Role role) {
    return connectors_.Of(endpoint, role).outstanding();
  }
  std::shared_ptr<FakeSession> Open(const std::string& endpoint, Role role) {
    auto session = connectors_.Of(endpoint, role).Succeed();
    EXPECT_NE(session, nullptr) << "nobody asked for a session with " << endpoint;
    Run();
    return session;
  }

  FakeClock clock_;
  FakeConnectors connectors_;
  asio::io_context loop_;
  Topology seen_;
  std::optional<Cluster> cluster_;
};

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
  cluster_->OnProbe(1, Failure());

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

TEST_F(ClusterTest, KeepsWritesWaitingForAPrimaryThatDoesNotAnswer) {
  FindRoles();
  cluster_->OnProbe(0, Failure());

  auto write = Start(kWrite);
  EXPECT_FALSE(write->result.has_value());
  Open("a", Role::kPrimary);

  EXPECT_EQ(write->endpoint(), "a");
}

TEST_F(ClusterTest, SendsWaitersToTheNewPrimary) {
  FindRoles();
  auto first = Start(kWrite);
  auto second = Start(kWrite);
  ASSERT_EQ(Outstanding("a", Role::kPrimary), 1u);

  cluster_->OnProbe(0, Failure());
  cluster_->OnProbe(1, Answer(Role::kPrimary, 2));
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
  FindRoles();
  auto write = Start(kWrite);

  cluster_->OnProbe(0, Answer(Role::kReplica));
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

TEST_F(ClusterTest, KeepsItsPoolsWhileRolesStay) {
  FindRoles();
  auto write = Start(kWrite);
  const auto session = Open("a", Role::kPrimary);
  write->result.reset();
  const uint64_t generation = cluster_->topology().generation;

  cluster_->OnProbe(0, Failure());
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
  asio::co_spawn(loop_, RunCall(*cluster_, call, kWrite, absl::InfiniteFuture()),
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

  loop_.restart();
  loop_.run();

  EXPECT_EQ(write->reason(), "ACQUIRE_TIMEOUT");
}

// Time in one queue counts in the next.
TEST_F(ClusterTest, WaitsNoLongerThanTheAcquireTimeoutOverall) {
  FindRoles();
  auto write = Start(kWrite);
  const absl::Duration timeout = cluster_->options().primary.acquire_timeout;
  clock_.Advance(timeout / 2);
  SwitchOver();
  Run();
  ASSERT_FALSE(write->result.has_value());

  clock_.Advance(timeout / 2);
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

  cluster_->OnProbe(1, Answer(Role::kPrimary, 2));
  EXPECT_EQ(Start(kWrite)->reason(), "DRAINING") << "a probe does not revive it";
}

}  // namespace
}  // namespace pgsluice::testing
