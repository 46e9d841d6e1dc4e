#include "server/metrics/route_counters.h"

#include "gtest/gtest.h"

#include "pool/error.h"

namespace pgsluice {
namespace {

RouteRequest ReadOf(Freshness::Kind kind) {
  RouteRequest request;
  request.intent = Intent::kRead;
  request.freshness.kind = kind;
  return request;
}

size_t ReasonIndex(std::string_view reason) {
  for (size_t i = 0; i < kRouteReasons.size(); ++i) {
    if (kRouteReasons[i] == reason) return i;
  }
  return kRouteReasons.size();
}

TEST(RouteCounters, TellWhatWasAskedForFromWhatWasGiven) {
  RouteCounters counters;
  counters.Count({}, Role::kPrimary, "write");
  counters.Count(ReadOf(Freshness::Kind::kAny), Role::kReplica, "read");
  counters.Count(ReadOf(Freshness::Kind::kAny), Role::kPrimary, "fallback_no_replica");
  counters.Count(ReadOf(Freshness::Kind::kAtLeast), Role::kPrimary, "fallback_stale");
  counters.Count(ReadOf(Freshness::Kind::kStrong), Role::kPrimary, "strong");
  counters.Count(ReadOf(Freshness::Kind::kAny), Role::kReplica, "for a new reason");

  const auto count = [&](RequestedRoute requested, Role role, std::string_view reason) {
    return counters.chosen(requested, role, ReasonIndex(reason));
  };
  EXPECT_EQ(count(RequestedRoute::kWrite, Role::kPrimary, "write"), 1u);
  EXPECT_EQ(count(RequestedRoute::kAny, Role::kReplica, "read"), 1u);
  EXPECT_EQ(count(RequestedRoute::kAny, Role::kPrimary, "fallback_no_replica"), 1u);
  EXPECT_EQ(count(RequestedRoute::kAtLeast, Role::kPrimary, "fallback_stale"), 1u);
  EXPECT_EQ(count(RequestedRoute::kStrong, Role::kPrimary, "strong"), 1u);
  EXPECT_EQ(count(RequestedRoute::kAny, Role::kReplica, "other"), 1u);
  EXPECT_EQ(count(RequestedRoute::kAny, Role::kPrimary, "read"), 0u);
}

TEST(RouteCounters, CountFailuresForWantOfAnEndpointOnly) {
  RouteCounters counters;
  counters.CountFailure({}, NoEndpoint(Role::kPrimary, "none"));
  counters.CountFailure({}, FailoverBufferFull(3, "none"));
  counters.CountFailure(ReadOf(Freshness::Kind::kAny), NoEndpoint(Role::kReplica, "-"));
  counters.CountFailure({}, QueueFull("a", 3));
  counters.CountFailure({}, absl::AbortedError("not ours"));

  EXPECT_EQ(counters.without_backend(Role::kPrimary), 2u);
  EXPECT_EQ(counters.without_backend(Role::kReplica), 1u);
}

}  // namespace
}  // namespace pgsluice
