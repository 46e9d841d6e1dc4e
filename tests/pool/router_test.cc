#include "pool/router.h"

#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "pool/error.h"

namespace pgsluice {
namespace {

using testing::HasSubstr;

const RouteRequest kWrite = {Intent::kWrite, {}, ReadFallback::kPrimary};
const RouteRequest kRead = {Intent::kRead, {}, ReadFallback::kPrimary};
const RouteRequest kReadNoFallback = {Intent::kRead, {}, ReadFallback::kNone};
const RouteRequest kStrong = {
    Intent::kRead, {Freshness::Kind::kStrong}, ReadFallback::kPrimary};

EndpointView View(Role role, bool is_reachable = true) {
  EndpointView view;
  view.role = role;
  view.is_reachable = is_reachable;
  return view;
}

Topology Of(std::vector<EndpointView> views) {
  Topology topology;
  topology.endpoints = std::move(views);
  for (size_t i = 0; i < topology.endpoints.size(); ++i) {
    if (topology.endpoints[i].role == Role::kPrimary) topology.primary = i;
  }
  if (!topology.primary.has_value()) topology.primary_problem = "the reason why";
  return topology;
}

class RouterTest : public testing::Test {
 protected:
  // One primary (0), two replicas.
  Topology topology_ =
      Of({View(Role::kPrimary), View(Role::kReplica), View(Role::kReplica)});
  std::vector<LoadView> loads_ = std::vector<LoadView>(3);
};

void ExpectRoute(const absl::StatusOr<RouteDecision>& route, size_t endpoint, Role role,
                 std::string_view reason) {
  ASSERT_TRUE(route.ok()) << route.status();
  EXPECT_EQ(route->endpoint, endpoint);
  EXPECT_EQ(route->role, role);
  EXPECT_EQ(route->reason, reason);
}

void ExpectNone(const absl::StatusOr<RouteDecision>& route, std::string_view reason,
                std::string_view text) {
  ASSERT_EQ(route.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(DetailsOf(route.status())->reason, reason);
  EXPECT_EQ(DetailsOf(route.status())->outcome, Outcome::kNotStarted);
  EXPECT_THAT(std::string(route.status().message()), HasSubstr(std::string(text)));
}

TEST_F(RouterTest, SendsWritesToThePrimaryHoweverBusy) {
  loads_[0].in_flight = 1000;

  ExpectRoute(Route(kWrite, topology_, loads_, 1), 0, Role::kPrimary, "write");
}

TEST_F(RouterTest, SendsNothingToAPrimaryThatCannotBeReached) {
  topology_.endpoints[0].is_reachable = false;
  topology_.endpoints[0].name = "e0";

  ExpectNone(Route(kWrite, topology_, loads_, 1), "NO_PRIMARY", "e0 does not answer");
  loads_[0].is_answering = true;
  ExpectRoute(Route(kWrite, topology_, loads_, 1), 0, Role::kPrimary, "write");
}

TEST_F(RouterTest, SendsNothingToAPrimaryInDoubt) {
  topology_.endpoints[0].doubted_at = absl::UnixEpoch();
  loads_[0].is_answering = true;

  EXPECT_FALSE(Route(kWrite, topology_, loads_, 1).ok());
}

TEST_F(RouterTest, CallsWaitForAPrimaryThatIsExpected) {
  topology_ =
      Of({View(Role::kUnknown), View(Role::kReplica, false), View(Role::kUnknown)});
  topology_.awaits_primary = true;

  for (const RouteRequest& request : {kWrite, kStrong, kRead}) {
    const auto route = Route(request, topology_, loads_, 1);
    ASSERT_TRUE(route.ok());
    EXPECT_TRUE(route->awaits_primary);
  }
  EXPECT_FALSE(Route(kReadNoFallback, topology_, loads_, 1).ok());
}

TEST_F(RouterTest, PausedPrimariesAreWaitedFor) {
  loads_[0].is_paused = true;

  ExpectRoute(Route(kWrite, topology_, loads_, 1), 0, Role::kPrimary, "write");
}

TEST_F(RouterTest, ChoosesNoReplicaThatLagsOrIsToGetNoReads) {
  topology_.endpoints[1].lag_gate.is_out = true;
  topology_.endpoints[2].weight = 0;

  ExpectRoute(Route(kRead, topology_, loads_, 1), 0, Role::kPrimary,
              "fallback_no_replica");
  ExpectNone(Route(kReadNoFallback, topology_, loads_, 1), "NO_REPLICA", "lagging");
}

TEST_F(RouterTest, SaysWhyThereIsNoPrimary) {
  topology_ = Of({View(Role::kUnknown), View(Role::kReplica), View(Role::kReplica)});

  ExpectNone(Route(kWrite, topology_, loads_, 1), "NO_PRIMARY", "the reason why");
  ExpectNone(Route(kStrong, topology_, loads_, 1), "NO_PRIMARY", "the reason why");
}

TEST_F(RouterTest, SendsStrongReadsToThePrimary) {
  ExpectRoute(Route(kStrong, topology_, loads_, 1), 0, Role::kPrimary, "strong");
}

TEST_F(RouterTest, SendsReadsToTheLeastBusyReplica) {
  loads_[1].in_flight = 5;
  loads_[2].in_flight = 4;

  for (uint64_t turn = 0; turn < 6; ++turn) {
    ExpectRoute(Route(kRead, topology_, loads_, turn), 2, Role::kReplica, "read");
  }
}

// A primary between the replicas must not give one of them its share.
TEST_F(RouterTest, GivesEquallyBusyReplicasTheirTurns) {
  std::map<size_t, int> reads;

  for (uint64_t turn = 0; turn < 1000; ++turn) {
    ++reads[Route(kRead, topology_, loads_, turn)->endpoint];
  }

  EXPECT_NEAR(reads[1], 500, 50);
  EXPECT_NEAR(reads[2], 500, 50);
}

TEST_F(RouterTest, ChoosesNoUnreachableEjectedOrUnknownReplica) {
  topology_ = Of({View(Role::kReplica, false), View(Role::kReplica), View(Role::kUnknown),
                  View(Role::kReplica), View(Role::kPrimary)});
  loads_.resize(5);
  topology_.endpoints[1].ejection.emplace();
  loads_[3].in_flight = 1000;

  for (uint64_t turn = 0; turn < 10; ++turn) {
    ExpectRoute(Route(kRead, topology_, loads_, turn), 3, Role::kReplica, "read");
  }
}

TEST_F(RouterTest, FallsBackToThePrimaryWhenNoReplicaIsUsable) {
  topology_ = Of({View(Role::kPrimary), View(Role::kReplica, false)});
  loads_.resize(2);

  ExpectRoute(Route(kRead, topology_, loads_, 1), 0, Role::kPrimary,
              "fallback_no_replica");
}

TEST_F(RouterTest, FailsReadsWhenTheyMayNotFallBack) {
  topology_ = Of({View(Role::kPrimary), View(Role::kReplica, false)});
  loads_.resize(2);

  ExpectNone(Route(kReadNoFallback, topology_, loads_, 1), "NO_REPLICA", "no replica");
}

TEST_F(RouterTest, ReadsGoOnWithoutAPrimary) {
  topology_ = Of({View(Role::kUnknown), View(Role::kReplica)});
  loads_.resize(2);

  ExpectRoute(Route(kReadNoFallback, topology_, loads_, 1), 1, Role::kReplica, "read");
}

TEST_F(RouterTest, SaysSoWhenThereIsNothingAtAll) {
  topology_ = Of({});
  loads_.clear();

  ExpectNone(Route(kWrite, topology_, loads_, 1), "NO_PRIMARY", "the reason why");
  ExpectNone(Route(kRead, topology_, loads_, 1), "NO_PRIMARY", "the reason why");
  ExpectNone(Route(kReadNoFallback, topology_, loads_, 1), "NO_REPLICA", "no replica");
}

// Where a read may go that failed at an endpoint before.
struct AvoidCase {
  std::string_view what;
  std::vector<EndpointView> views;  // Named "e0", "e1", ...
  std::string_view avoid;
  RouteRequest request;
  size_t paused = SIZE_MAX;
  size_t want = 0;
};

TEST_F(RouterTest, AvoidsWhereAReadHasFailedUnlessNothingElseMayServeIt) {
  const EndpointView primary = View(Role::kPrimary);
  const EndpointView replica = View(Role::kReplica);
  const EndpointView lost_primary = View(Role::kPrimary, false);
  const EndpointView lost_replica = View(Role::kReplica, false);
  const AvoidCase cases[] = {
      {"another replica", {primary, replica, replica}, "e1", kRead, SIZE_MAX, 2},
      {"even without fallback",
       {primary, replica, replica},
       "e2",
       kReadNoFallback,
       SIZE_MAX,
       1},
      {"no other replica", {primary, replica}, "e1", kRead, SIZE_MAX, 0},
      {"the other is lost", {primary, replica, lost_replica}, "e1", kRead, SIZE_MAX, 0},
      {"the other is paused", {primary, replica, replica}, "e1", kRead, 2, 0},
      {"no fallback", {primary, replica}, "e1", kReadNoFallback, SIZE_MAX, 1},
      {"the primary is lost", {lost_primary, replica}, "e1", kRead, SIZE_MAX, 1},
      {"the primary is paused", {primary, replica}, "e1", kRead, 0, 1},
      {"it was the primary", {primary, replica}, "e0", kRead, SIZE_MAX, 1},
      {"the primary is all there is", {primary}, "e0", kRead, SIZE_MAX, 0},
      {"strong", {primary, replica}, "e0", kStrong, SIZE_MAX, 0},
      {"gone by now", {primary, replica}, "e7", kRead, SIZE_MAX, 1},
  };
  for (const AvoidCase& c : cases) {
    SCOPED_TRACE(c.what);
    Topology topology = Of(c.views);
    std::vector<LoadView> loads(c.views.size());
    for (size_t i = 0; i < c.views.size(); ++i) {
      topology.endpoints[i].name = "e" + std::to_string(i);
      loads[i].is_paused = i == c.paused;
    }
    RouteRequest request = c.request;
    request.avoid = c.avoid;
    for (uint64_t turn = 0; turn < 3; ++turn) {
      const auto route = Route(request, topology, loads, turn);
      ASSERT_TRUE(route.ok()) << route.status();
      EXPECT_EQ(route->endpoint, c.want);
    }
  }
}

TEST_F(RouterTest, LeavesStaleReplicasOut) {
  loads_[1].is_stale = true;
  loads_[2].in_flight = 100;

  for (uint64_t turn = 0; turn < 10; ++turn) {
    ExpectRoute(Route(kRead, topology_, loads_, turn), 2, Role::kReplica, "read");
  }
}

TEST_F(RouterTest, WhereAllReplicasAreStaleTheReadSaysWhatThen) {
  loads_[1].is_stale = loads_[2].is_stale = true;
  const auto route = [&](IfUnmet if_unmet, RouteRequest request = kRead) {
    request.if_unmet = if_unmet;
    return Route(request, topology_, loads_, 1);
  };

  ExpectRoute(route(IfUnmet::kPrimary), 0, Role::kPrimary, "fallback_stale");
  EXPECT_TRUE(route(IfUnmet::kWait)->awaits_replica);
  EXPECT_TRUE(route(IfUnmet::kDefault)->awaits_replica);
  EXPECT_TRUE(route(IfUnmet::kWait, kReadNoFallback)->awaits_replica);
  for (const auto& refused :
       {route(IfUnmet::kFail), route(IfUnmet::kPrimary, kReadNoFallback)}) {
    EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(DetailsOf(refused.status())->reason, "NOT_FRESH_ENOUGH");
    EXPECT_EQ(DetailsOf(refused.status())->outcome, Outcome::kNotStarted);
  }
}

TEST_F(RouterTest, ReplicasThatCannotServeAnywayAreNotWaitedFor) {
  loads_[1].is_stale = loads_[2].is_stale = true;
  topology_.endpoints[1].is_reachable = topology_.endpoints[2].is_reachable = false;

  ExpectRoute(Route(kRead, topology_, loads_, 1), 0, Role::kPrimary,
              "fallback_no_replica");
}

}  // namespace
}  // namespace pgsluice
