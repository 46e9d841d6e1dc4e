// What a cluster does when its settings, or its endpoints, change under it.
#include "tests/pool/cluster_fixture.h"

namespace pgsluice::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ClusterControlTest : public ClusterTest {
 protected:
  void Reconfigure() { cluster_->Reconfigure(options_); }
  bool IsWanted(const Endpoint& endpoint, const ProbeResult& result) {
    return cluster_->OnProbe(endpoint, result);
  }
  std::vector<std::string> Names() {
    std::vector<std::string> names;
    for (const EndpointView& view : cluster_->topology().endpoints) {
      names.push_back(view.name);
    }
    return names;
  }
  PoolStats StatsOf(const std::string& endpoint) {
    for (const PoolStats& stats : cluster_->Stats()) {
      if (stats.endpoint == endpoint && !stats.is_retired) return stats;
    }
    return {};
  }
};

TEST_F(ClusterControlTest, AnEndpointAddedIsUsedOnceItAnswers) {
  FindRoles();
  options_.endpoints.insert(options_.endpoints.begin(), {"c", "host=c"});
  Reconfigure();
  EXPECT_THAT(Names(), ElementsAre("c", "a", "b"));

  // The others are where they were, whatever their places.
  auto write = Start(kWrite);
  Open("a", Role::kPrimary);
  EXPECT_EQ(write->endpoint(), "a");
  auto read = Start(kRead);
  Open("b", Role::kReplica);
  EXPECT_EQ(read->endpoint(), "b");

  Probe(0, Answer(Role::kReplica));
  auto other = Start(kRead);
  Open("c", Role::kReplica);
  EXPECT_EQ(other->endpoint(), "c");
}

TEST_F(ClusterControlTest, AnEndpointRemovedIsLeftAndItsWaitersGoElsewhere) {
  FindRoles();
  auto holder = Start(kRead);
  Open("b", Role::kReplica);
  auto waiter = Start(kRead);
  const Endpoint gone = options_.endpoints[1];
  options_.endpoints.pop_back();
  const uint64_t generation = cluster_->topology().generation;

  Reconfigure();
  Run();

  EXPECT_THAT(Names(), ElementsAre("a"));
  EXPECT_GT(cluster_->topology().generation, generation);
  EXPECT_FALSE(waiter->result.has_value()) << "it waits for a session with a";
  Open("a", Role::kPrimary);
  EXPECT_EQ(waiter->endpoint(), "a");
  EXPECT_FALSE(IsWanted(gone, Answer(Role::kReplica)));
  // The holder keeps its session until it is done.
  EXPECT_TRUE(holder->has_lease());
  EXPECT_EQ(cluster_->CountSessions(), 2u);
  holder->result.reset();
  EXPECT_EQ(cluster_->CountSessions(), 1u);
}

TEST_F(ClusterControlTest, RemovingThePrimaryLeavesNoneAndItsTimelineIsRemembered) {
  options_.failover_buffer.size = 0;
  FindRoles();
  SwitchOver();  // Timeline 2; b is the primary.
  const Endpoint b = options_.endpoints[1];
  options_.endpoints.pop_back();
  Reconfigure();
  EXPECT_EQ(Start(kWrite)->reason(), "NO_PRIMARY");

  // One that still writes on the old timeline is no primary.
  Probe(0, Answer(Role::kPrimary, 1));
  EXPECT_EQ(Start(kWrite)->reason(), "NO_PRIMARY");

  options_.endpoints.push_back(b);
  Reconfigure();
  Probe(1, Answer(Role::kPrimary, 2));
  auto write = Start(kWrite);
  Open("b", Role::kPrimary);
  EXPECT_EQ(write->endpoint(), "b");
}

TEST_F(ClusterControlTest, AnotherAddressTakesOverOnceItAnswers) {
  FindRoles();
  auto before = Start(kWrite);
  auto old_session = Open("a", Role::kPrimary);
  before->result.reset();
  const Endpoint old = options_.endpoints[0];
  options_.endpoints[0].conninfo = "host=elsewhere";
  Reconfigure();

  Probe(0, Failure());
  EXPECT_EQ(Start(kWrite)->endpoint(), "a") << "by the old address";
  EXPECT_FALSE(old_session->is_closed());
  EXPECT_EQ(cluster_->topology().endpoints[0].successor_problem, "no answer");
  EXPECT_TRUE(IsWanted(old, Answer(Role::kPrimary)));

  ProbeResult stranger = Answer(Role::kPrimary);
  stranger.system_identifier = "8";
  Probe(0, stranger);
  EXPECT_THAT(cluster_->topology().endpoints[0].successor_problem,
              HasSubstr("another cluster"));
  EXPECT_FALSE(old_session->is_closed());

  Probe(0, Answer(Role::kPrimary));
  EXPECT_TRUE(old_session->is_closed());
  EXPECT_EQ(cluster_->topology().endpoints[0].successor_problem, "");
  EXPECT_FALSE(IsWanted(old, Answer(Role::kPrimary)));
  EXPECT_EQ(connectors_.last_conninfo(), "host=elsewhere");
  auto after = Start(kWrite);
  Open("a", Role::kPrimary);
  EXPECT_EQ(after->endpoint(), "a");
}

TEST_F(ClusterControlTest, AnAddressTakenBackIsNotUsed) {
  FindRoles();
  const Endpoint old = options_.endpoints[0];
  Endpoint other = old;
  other.conninfo = "host=elsewhere";
  options_.endpoints[0] = other;
  Reconfigure();
  options_.endpoints[0] = old;
  Reconfigure();

  EXPECT_FALSE(IsWanted(other, Answer(Role::kPrimary)));
  EXPECT_TRUE(IsWanted(old, Answer(Role::kPrimary)));
}

TEST_F(ClusterControlTest, NewSessionSettingsRenewTheSessions) {
  FindRoles();
  auto call = Start(kWrite);
  auto session = Open("a", Role::kPrimary);
  call->result.reset();
  Reconfigure();
  EXPECT_FALSE(session->is_closed()) << "nothing has changed";

  options_.session.search_path = "elsewhere";
  Reconfigure();

  EXPECT_EQ(connectors_.last_options().search_path, "elsewhere");
  EXPECT_TRUE(session->is_closed());
}

TEST_F(ClusterControlTest, APausedRoleIsPausedWhoeverHasIt) {
  FindRoles();
  ASSERT_TRUE(cluster_->Pause({.role = Role::kPrimary}).ok());
  auto write = Start(kWrite);
  EXPECT_TRUE(StatsOf("a").is_paused);
  EXPECT_FALSE(StatsOf("b").is_paused);

  SwitchOver();
  Run();
  EXPECT_TRUE(StatsOf("b").is_paused);
  EXPECT_FALSE(StatsOf("a").is_paused);
  EXPECT_FALSE(write->result.has_value());

  ASSERT_TRUE(cluster_->Resume({.role = Role::kPrimary}).ok());
  Open("b", Role::kPrimary);
  EXPECT_EQ(write->endpoint(), "b");
}

TEST_F(ClusterControlTest, ReadsAvoidAPausedReplicaIfThereIsAnother) {
  options_.endpoints.push_back({"c", "host=c"});
  Reconfigure();
  FindRoles();
  Probe(2, Answer(Role::kReplica));
  ASSERT_TRUE(cluster_->Pause({.endpoint = "b"}).ok());
  auto first = Start(kRead);
  Open("c", Role::kReplica);
  EXPECT_EQ(first->endpoint(), "c");
  auto second = Start(kRead);  // However busy it is.
  first->result.reset();
  Run();
  EXPECT_EQ(second->endpoint(), "c");
  second->result.reset();

  ASSERT_TRUE(cluster_->Pause({.role = Role::kReplica}).ok());
  auto read = Start(kRead);
  EXPECT_FALSE(read->result.has_value()) << "it waits, not for the primary";
  EXPECT_FALSE(cluster_->Resume({.endpoint = "b"}).ok()) << "its role is still paused";
  ASSERT_TRUE(cluster_->Resume({}).ok());
  Run();
  EXPECT_TRUE(read->has_lease() || Outstanding("b", Role::kReplica) > 0);
}

TEST_F(ClusterControlTest, AnUnknownEndpointIsAnErrorThatNamesTheKnownOnes) {
  const absl::Status status = cluster_->Pause({.endpoint = "x"}).status();

  EXPECT_EQ(DetailsOf(status)->reason, "NO_SUCH_ENDPOINT");
  EXPECT_THAT(std::string(status.message()), HasSubstr("a, b"));
}

}  // namespace
}  // namespace pgsluice::testing
