#include "pool/router.h"

#include <optional>

#include "pool/error.h"

namespace pgsluice {

namespace {

absl::StatusOr<RouteDecision> ToPrimary(const Topology& topology,
                                        std::string_view reason) {
  if (!topology.primary.has_value()) {
    return NoEndpoint(Role::kPrimary, topology.primary_problem);
  }
  return RouteDecision{*topology.primary, Role::kPrimary, reason};
}

// Begins at another endpoint each turn, so that equal ones take turns.
std::optional<size_t> LeastBusyReplica(const Topology& topology,
                                       std::span<const LoadView> loads, uint64_t turn) {
  const size_t count = topology.endpoints.size();
  std::optional<size_t> best;
  for (size_t step = 0; step < count; ++step) {
    const size_t i = (turn + step) % count;
    const EndpointView& view = topology.endpoints[i];
    if (view.role != Role::kReplica || !view.is_reachable || loads[i].is_ejected) continue;
    if (!best.has_value() || loads[i].in_flight < loads[*best].in_flight) best = i;
  }
  return best;
}

}  // namespace

absl::StatusOr<RouteDecision> Route(const RouteRequest& request, const Topology& topology,
                                    std::span<const LoadView> loads, uint64_t turn) {
  if (request.intent == Intent::kWrite) return ToPrimary(topology, "write");
  if (request.freshness.kind == Freshness::Kind::kStrong) {
    return ToPrimary(topology, "strong");
  }
  const std::optional<size_t> replica = LeastBusyReplica(topology, loads, turn);
  if (replica.has_value()) return RouteDecision{*replica, Role::kReplica, "read"};
  if (request.fallback == ReadFallback::kPrimary) {
    return ToPrimary(topology, "fallback_no_replica");
  }
  return NoEndpoint(Role::kReplica,
                    "no replica can be reached, and reads may not fall back to the primary "
                    "(routing.read_fallback)");
}

}  // namespace pgsluice
