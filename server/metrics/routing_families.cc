// Where calls went, and what became of those that could not go there at once.
#include <utility>

#include "server/metrics/gateway_snapshot.h"

namespace pgsluice {

namespace {

// What is told before it has ever happened.
struct UsualRoute {
  RequestedRoute requested;
  Role chosen;
  std::string_view reason;
};
constexpr UsualRoute kUsualRoutes[] = {
    {RequestedRoute::kWrite, Role::kPrimary, "write"},
    {RequestedRoute::kStrong, Role::kPrimary, "strong"},
    {RequestedRoute::kAny, Role::kReplica, "read"},
    {RequestedRoute::kAny, Role::kPrimary, "fallback_no_replica"},
    {RequestedRoute::kAtLeast, Role::kReplica, "read"},
    {RequestedRoute::kAtLeast, Role::kPrimary, "fallback_no_replica"},
    {RequestedRoute::kAtLeast, Role::kPrimary, "fallback_stale"},
    {RequestedRoute::kMaxStaleness, Role::kReplica, "read"},
    {RequestedRoute::kMaxStaleness, Role::kPrimary, "fallback_no_replica"},
    {RequestedRoute::kMaxStaleness, Role::kPrimary, "fallback_stale"},
};

bool IsUsual(RequestedRoute requested, Role chosen, std::string_view reason) {
  for (const UsualRoute& route : kUsualRoutes) {
    if (route.requested == requested && route.chosen == chosen &&
        route.reason == reason) {
      return true;
    }
  }
  return false;
}

void AddRoutes(const ShardTotals& shards, Families& families) {
  Family routes{.type = FamilyType::kCounter,
                .name = "pgsluice_routing_total",
                .labels = {"requested", "chosen", "reason"},
                .help =
                    "Connections that calls were given, by what the call asked for, "
                    "the pool that it got one of, and why that one"};
  for (size_t i = 0; i < kRequestedRoutes; ++i) {
    const auto requested = static_cast<RequestedRoute>(i);
    for (size_t pool = 0; pool < kPoolRoles.size(); ++pool) {
      for (size_t reason = 0; reason < kRouteReasons.size(); ++reason) {
        const uint64_t count = shards.routes[i][pool][reason];
        const std::string_view why = kRouteReasons[reason];
        if (count == 0 && !IsUsual(requested, kPoolRoles[pool], why)) continue;
        routes.Add({RequestedRouteName(requested), RoleName(kPoolRoles[pool]), why},
                   count);
      }
    }
  }
  families.push_back(std::move(routes));
}

void AddBuffer(const FailoverBufferStats& buffer, Families& families) {
  families.push_back(Gauge("pgsluice_failover_buffer_waiting",
                           "Calls that wait for a primary",
                           static_cast<double>(buffer.now)));
  families.push_back(Counter("pgsluice_failover_buffered_total",
                             "Calls that have waited for a primary; one may count twice",
                             static_cast<double>(buffer.total)));
  families.push_back(Counter("pgsluice_failover_buffer_expired_total",
                             "Of these, those that waited in vain",
                             static_cast<double>(buffer.expired)));
  families.push_back(Counter("pgsluice_failover_buffer_refused_total",
                             "Calls that found no room to wait for a primary",
                             static_cast<double>(buffer.refused)));
}

void AddFreshness(const FreshReadCounts& reads, Families& families) {
  Family ends{.type = FamilyType::kCounter,
              .name = "pgsluice_fresh_reads_total",
              .labels = {"outcome"},
              .help = "Reads with at_least or max_staleness, by what became of them"};
  ends.Add({"met"}, reads.met);
  ends.Add({"met_after_wait"}, reads.met_after_wait);
  ends.Add({"to_primary"}, reads.to_primary);
  ends.Add({"unmet"}, reads.unmet);
  ends.Add({"token_refused"}, reads.tokens_refused);
  families.push_back(std::move(ends));
  families.push_back(Gauge("pgsluice_fresh_reads_waiting",
                           "Reads that wait for a replica to be fresh enough",
                           static_cast<double>(reads.waiting)));
  families.push_back(Counter("pgsluice_fresh_read_questions_total",
                             "Questions to replicas how far they are, for all that wait",
                             static_cast<double>(reads.questions)));
}

}  // namespace

void AddRoutingFamilies(const GatewaySnapshot& snapshot, Families& families) {
  AddRoutes(snapshot.shards, families);
  AddBuffer(snapshot.buffer, families);
  AddFreshness(snapshot.fresh_reads, families);
  families.push_back(Counter("pgsluice_reads_resent_total",
                             "Reads that failed and that the gateway sent again",
                             static_cast<double>(snapshot.reads_resent)));
  families.push_back(
      Counter("pgsluice_read_resends_refused_total",
              "Reads that it would have sent again, had limits.read_resend_percent "
              "allowed more",
              static_cast<double>(snapshot.read_resends_refused)));
}

}  // namespace pgsluice
