// A cluster with logins besides the endpoints' own: pools for each, one topology for all.
#include "tests/pool/cluster_fixture.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;

constexpr char kOnA[] = "a (login reports)";
constexpr char kOnB[] = "b (login reports)";

RouteRequest AsReports(RouteRequest request) {
  request.login = "reports";
  return request;
}

class ClusterLoginTest : public ClusterTest {
 protected:
  ClusterLoginTest() {
    options_.pools.logins = {Named("reports", "app_reports", 2)};
    MakeCluster();
  }

  static LoginPools Named(const std::string& name, const std::string& user,
                          size_t max_size) {
    LoginPools pools{.login = {.name = name, .user = user}, .primary = {}, .replica = {}};
    pools.primary.min_size = pools.replica.min_size = 0;
    pools.primary.max_size = pools.replica.max_size = max_size;
    return pools;
  }
  // With what the server says of the users of all logins.
  ProbeResult Telling(Role role, uint32_t timeline = 1, bool is_superuser = false) {
    ProbeResult answer = Answer(role, timeline);
    for (const LoginPools& pools : options_.pools.logins) {
      answer.users.push_back({.name = pools.login.user, .is_superuser = is_superuser});
    }
    return answer;
  }
  void FindRolesAndUsers() {
    Probe(0, Telling(Role::kPrimary));
    Probe(1, Telling(Role::kReplica));
  }
  PoolStats StatsOf(const std::string& endpoint, const std::string& login) {
    for (const PoolStats& stats : cluster_->Stats()) {
      const bool is_meant = stats.endpoint == endpoint && stats.login == login;
      if (is_meant && !stats.is_retired) return stats;
    }
    return {};
  }
  std::string MessageOf(const Call& call) {
    if (!call.result.has_value()) return "none yet";
    return std::string(call.result->status().message());
  }
};

TEST_F(ClusterLoginTest, EachHasSessionsAndSizesOfItsOwn) {
  FindRolesAndUsers();
  auto own = Start(kWrite);
  Open("a", Role::kPrimary);
  auto second_own = Start(kWrite);
  auto first = Start(AsReports(kWrite));
  auto second = Start(AsReports(kWrite));

  EXPECT_EQ(Outstanding("a", Role::kPrimary), 0u);
  EXPECT_EQ(Outstanding(kOnA, Role::kPrimary), 2u);
  Open(kOnA, Role::kPrimary);
  Open(kOnA, Role::kPrimary);
  EXPECT_EQ(first->endpoint(), "a");
  EXPECT_EQ(second->endpoint(), "a");
  EXPECT_EQ(StatsOf("a", "").leased, 1u);
  EXPECT_EQ(StatsOf("a", "reports").leased, 2u);

  // What one gives back is none of the other's.
  first->result.reset();
  Run();
  EXPECT_FALSE(second_own->result.has_value());
  own->result.reset();
  Run();
  EXPECT_TRUE(second_own->has_lease());
}

TEST_F(ClusterLoginTest, ItsConnectorLogsInAsItsUser) {
  FindRolesAndUsers();

  EXPECT_EQ(connectors_.last_user(), "app_reports");
  EXPECT_EQ(connectors_.last_conninfo(), "host=b") << "all else is the endpoint's";
}

TEST_F(ClusterLoginTest, TheBudgetIsOneForAll) {
  options_.pools.max_sessions_total = 2;
  MakeCluster();
  FindRolesAndUsers();
  auto own = Start(kWrite);
  auto first = Start(AsReports(kWrite));
  auto second = Start(AsReports(kWrite));

  EXPECT_EQ(Outstanding("a", Role::kPrimary), 1u);
  EXPECT_EQ(Outstanding(kOnA, Role::kPrimary), 1u);
}

TEST_F(ClusterLoginTest, APauseCoversAllOfAnEndpoint) {
  FindRolesAndUsers();
  ASSERT_EQ(cluster_->Pause({.endpoint = "a"})->size(), 2u);
  auto own = Start(kWrite);
  auto reports = Start(AsReports(kWrite));
  EXPECT_EQ(Outstanding("a", Role::kPrimary) + Outstanding(kOnA, Role::kPrimary), 0u);
  EXPECT_TRUE(StatsOf("a", "reports").is_paused);

  ASSERT_TRUE(cluster_->Resume({.endpoint = "a"}).ok());
  Open("a", Role::kPrimary);
  Open(kOnA, Role::kPrimary);
  EXPECT_TRUE(own->has_lease());
  EXPECT_TRUE(reports->has_lease());
}

TEST_F(ClusterLoginTest, WaitersOfAllGoToTheNextPrimary) {
  FindRolesAndUsers();
  auto own = Start(kWrite);
  auto reports = Start(AsReports(kWrite));

  Probe(0, Telling(Role::kReplica, 2));
  Probe(1, Telling(Role::kPrimary, 2));
  Run();
  Open("b", Role::kPrimary);
  Open(kOnB, Role::kPrimary);

  EXPECT_EQ(own->endpoint(), "b");
  EXPECT_EQ(reports->endpoint(), "b");
}

TEST_F(ClusterLoginTest, OneThatCannotLogInIsNoTroubleOfItsEndpoint) {
  options_.endpoints.push_back({"c", "host=c"});
  MakeCluster();
  FindRolesAndUsers();
  Probe(2, Telling(Role::kReplica));
  const auto is_ejected = [this](size_t i) {
    return cluster_->topology().endpoints[i].ejection.has_value();
  };
  std::vector<std::shared_ptr<Call>> reports;
  for (int i = 0; i < 4; ++i) reports.push_back(Start(AsReports(kRead)));
  for (const char* pool : {kOnB, "c (login reports)"}) {
    EXPECT_TRUE(connectors_.Of(pool, Role::kReplica).Fail("wrong password")) << pool;
  }
  Run();
  EXPECT_FALSE(is_ejected(1));
  EXPECT_FALSE(is_ejected(2));
  auto own = Start(kRead);
  const std::string there =
      Outstanding("b", Role::kReplica) > 0 ? std::string("b") : std::string("c");
  Open(there, Role::kReplica);
  EXPECT_EQ(own->endpoint(), there);

  // A failure of the endpoint's own login is.
  auto other = Start(kRead);
  const bool is_b = Outstanding("b", Role::kReplica) > 0;
  ASSERT_TRUE(connectors_.Of(is_b ? "b" : "c", Role::kReplica).Fail("refused"));
  EXPECT_TRUE(is_ejected(is_b ? 1 : 2));
}

TEST_F(ClusterLoginTest, ItsErrorsNameItAndItsEndpoint) {
  options_.pools.logins[0].primary.connect_retry_limit = 1;
  MakeCluster();
  FindRolesAndUsers();
  auto reports = Start(AsReports(kWrite));
  ASSERT_TRUE(connectors_.Of(kOnA, Role::kPrimary).Fail("wrong password"));
  Run();

  EXPECT_THAT(MessageOf(*reports), HasSubstr("no session with a (login reports)"));
}

TEST_F(ClusterLoginTest, APrivilegedOneIsRefusedAndNoOther) {
  FindRolesAndUsers();
  auto before = Start(AsReports(kWrite));
  auto session = Open(kOnA, Role::kPrimary);
  before->result.reset();
  Run();

  Probe(0, Telling(Role::kPrimary, 1, true));
  EXPECT_TRUE(session->is_closed());
  auto reports = Start(AsReports(kWrite));
  EXPECT_EQ(reports->reason(), "LOGIN_REFUSED");
  EXPECT_THAT(MessageOf(*reports), HasSubstr("no session with a: login reports is not"));
  EXPECT_THAT(MessageOf(*reports), HasSubstr("its user app_reports is a superuser"));
  EXPECT_FALSE(cluster_->Explain(AsReports(kWrite)).decision.ok());
  auto own = Start(kWrite);
  Open("a", Role::kPrimary);
  EXPECT_TRUE(own->has_lease());
  EXPECT_TRUE(cluster_->Explain(kWrite).decision.ok());

  Probe(0, Telling(Role::kPrimary));
  auto after = Start(AsReports(kWrite));
  Open(kOnA, Role::kPrimary);
  EXPECT_TRUE(after->has_lease());
}

TEST_F(ClusterLoginTest, OneOfWhichNothingIsKnownYetIsNotUsedUnlessAllAre) {
  FindRoles();
  EXPECT_EQ(Start(AsReports(kWrite))->reason(), "LOGIN_REFUSED");

  options_.privileged_login = PrivilegedLogin::kAllowed;
  cluster_->Reconfigure(options_);
  auto reports = Start(AsReports(kWrite));
  Open(kOnA, Role::kPrimary);
  EXPECT_TRUE(reports->has_lease());
}

TEST_F(ClusterLoginTest, AReloadMovesWhatStaysAndRetiresWhatIsGone) {
  FindRolesAndUsers();
  auto call = Start(AsReports(kWrite));
  auto session = Open(kOnA, Role::kPrimary);
  call->result.reset();
  Run();

  // Another before it, and more room for it.
  LoginPools reports = Named("reports", "app_reports", 5);
  options_.pools.logins = {Named("audit", "app_audit", 1), reports};
  cluster_->Reconfigure(options_);
  Probe(0, Telling(Role::kPrimary));
  EXPECT_FALSE(session->is_closed());
  EXPECT_EQ(StatsOf("a", "reports").idle, 1u);
  EXPECT_EQ(StatsOf("a", "reports").max_size, 5u);
  EXPECT_EQ(StatsOf("a", "audit").max_size, 1u);

  // The same name for another user: no session is taken over.
  options_.pools.logins = {Named("reports", "app_other", 5)};
  cluster_->Reconfigure(options_);
  Probe(0, Telling(Role::kPrimary));
  EXPECT_TRUE(session->is_closed());
  EXPECT_EQ(StatsOf("a", "reports").open, 0u);
  RouteRequest audit = kWrite;
  audit.login = "audit";
  EXPECT_EQ(Start(audit)->reason(), "LOGIN_REFUSED");

  options_.pools.logins.clear();
  cluster_->Reconfigure(options_);
  auto gone = Start(AsReports(kWrite));
  EXPECT_THAT(MessageOf(*gone), HasSubstr("there is no login reports any more"));
  auto own = Start(kWrite);
  Open("a", Role::kPrimary);
  EXPECT_TRUE(own->has_lease());
}

TEST_F(ClusterLoginTest, AReloadSendsWaitersOfALoginThatIsAnotherToItsNewPool) {
  FindRolesAndUsers();
  auto waiter = Start(AsReports(kWrite));
  options_.pools.logins = {Named("reports", "app_other", 1)};
  options_.privileged_login = PrivilegedLogin::kAllowed;

  cluster_->Reconfigure(options_);
  Run();
  EXPECT_EQ(connectors_.last_user(), "app_other");
  Open(kOnA, Role::kPrimary);

  EXPECT_TRUE(waiter->has_lease());
}

TEST_F(ClusterLoginTest, WhatOneHasCountedIsRememberedByItsName) {
  FindRolesAndUsers();
  auto call = Start(AsReports(kWrite));
  Open(kOnA, Role::kPrimary);
  call->result.reset();
  Probe(0, Telling(Role::kReplica, 2));
  Probe(1, Telling(Role::kPrimary, 2));
  Run();
  cluster_->Maintain();

  uint64_t opened = 0;
  for (const PoolStats& stats : cluster_->StatsSinceStart()) {
    const bool is_as_primary = stats.endpoint == "a" && stats.role == Role::kPrimary;
    if (!is_as_primary) continue;
    EXPECT_EQ(stats.counters.opened, stats.login == "reports" ? 1u : 0u);
    opened += stats.counters.opened;
  }
  EXPECT_EQ(opened, 1u);
}

TEST_F(ClusterLoginTest, HowBusyAnEndpointIsCountsAllLogins) {
  FindRolesAndUsers();
  auto first = Start(AsReports(kRead));
  auto second = Start(AsReports(kRead));

  EXPECT_EQ(cluster_->Explain(kRead).endpoints[1].load.in_flight, 2u);
}

}  // namespace
}  // namespace pgsluice::testing
