#include "server/metrics/route_counters.h"

#include "pool/error.h"
#include "pool/router.h"
#include "server/metrics/statement_counters.h"

namespace pgsluice {

namespace {

// Of the errors that say so.
constexpr std::string_view kNoBackend[] = {"NO_PRIMARY", "NO_REPLICA",
                                           "FAILOVER_BUFFER_FULL"};

}  // namespace

std::string_view RequestedRouteName(RequestedRoute requested) {
  switch (requested) {
    case RequestedRoute::kWrite: return "write";
    case RequestedRoute::kStrong: return "read_strong";
    case RequestedRoute::kAny: return "read";
    case RequestedRoute::kAtLeast: return "read_at_least";
    case RequestedRoute::kMaxStaleness: return "read_max_staleness";
    case RequestedRoute::kCount: break;
  }
  return "other";
}

RequestedRoute RequestedOf(const RouteRequest& request) {
  if (request.intent == Intent::kWrite) return RequestedRoute::kWrite;
  switch (request.freshness.kind) {
    case Freshness::Kind::kAny: return RequestedRoute::kAny;
    case Freshness::Kind::kStrong: return RequestedRoute::kStrong;
    case Freshness::Kind::kAtLeast: return RequestedRoute::kAtLeast;
    case Freshness::Kind::kMaxStaleness: return RequestedRoute::kMaxStaleness;
  }
  return RequestedRoute::kAny;
}

void RouteCounters::Count(const RouteRequest& request, Role chosen,
                          std::string_view reason) {
  size_t index = 0;
  while (index + 1 < kRouteReasons.size() && kRouteReasons[index] != reason) ++index;
  const auto requested = static_cast<size_t>(RequestedOf(request));
  chosen_[requested][PoolIndexOf(chosen)][index].Add();
}

void RouteCounters::CountFailure(const RouteRequest& request,
                                 const absl::Status& failure) {
  const auto details = DetailsOf(failure);
  if (!details.has_value()) return;
  for (const std::string_view reason : kNoBackend) {
    if (details->reason != reason) continue;
    without_backend_[PoolIndexOf(WantedRole(request))].Add();
    return;
  }
}

uint64_t RouteCounters::chosen(RequestedRoute requested, Role role, size_t reason) const {
  return chosen_[static_cast<size_t>(requested)][PoolIndexOf(role)][reason].value();
}

uint64_t RouteCounters::without_backend(Role role) const {
  return without_backend_[PoolIndexOf(role)].value();
}

}  // namespace pgsluice
