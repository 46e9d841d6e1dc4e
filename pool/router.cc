#include "pool/router.h"

#include <limits>
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

// Equally busy ones take turns among themselves: counting other endpoints in would give
// the replica behind them their share.
std::optional<size_t> LeastBusyReplica(const Topology& topology,
                                       std::span<const LoadView> loads, uint64_t turn,
                                       bool is_paused, std::string_view avoid = {}) {
  const auto is_usable = [&](size_t i) {
    const EndpointView& view = topology.endpoints[i];
    return view.role == Role::kReplica && view.is_reachable && !loads[i].is_ejected &&
           loads[i].is_paused == is_paused && (avoid.empty() || view.name != avoid);
  };
  size_t least = std::numeric_limits<size_t>::max();
  size_t ties = 0;
  for (size_t i = 0; i < topology.endpoints.size(); ++i) {
    if (!is_usable(i) || loads[i].in_flight > least) continue;
    ties = loads[i].in_flight < least ? 1 : ties + 1;
    least = loads[i].in_flight;
  }
  if (ties == 0) return std::nullopt;
  size_t skip = turn % ties;
  for (size_t i = 0; i < topology.endpoints.size(); ++i) {
    if (!is_usable(i) || loads[i].in_flight != least) continue;
    if (skip-- == 0) return i;
  }
  return std::nullopt;
}

// Whether the primary may take a read that no replica serves. One that cannot be reached
// would only queue it.
bool MayFallBack(const RouteRequest& request, const Topology& topology,
                 std::span<const LoadView> loads) {
  if (request.fallback != ReadFallback::kPrimary) return false;
  if (!topology.primary.has_value()) return false;
  const size_t primary = *topology.primary;
  return topology.endpoints[primary].is_reachable && !loads[primary].is_paused;
}

// Another endpoint than the one to avoid, if there is one that need not be waited for.
std::optional<RouteDecision> Elsewhere(const RouteRequest& request,
                                       const Topology& topology,
                                       std::span<const LoadView> loads, uint64_t turn) {
  const std::optional<size_t> replica =
      LeastBusyReplica(topology, loads, turn, false, request.avoid);
  if (replica.has_value()) return RouteDecision{*replica, Role::kReplica, "read"};
  if (!MayFallBack(request, topology, loads)) return std::nullopt;
  return RouteDecision{*topology.primary, Role::kPrimary, "fallback_no_replica"};
}

}  // namespace

absl::StatusOr<RouteDecision> Route(const RouteRequest& request, const Topology& topology,
                                    std::span<const LoadView> loads, uint64_t turn) {
  if (request.intent == Intent::kWrite) return ToPrimary(topology, "write");
  if (request.freshness.kind == Freshness::Kind::kStrong) {
    return ToPrimary(topology, "strong");
  }
  if (!request.avoid.empty()) {
    const auto elsewhere = Elsewhere(request, topology, loads, turn);
    if (elsewhere.has_value()) return *elsewhere;
  }
  std::optional<size_t> replica = LeastBusyReplica(topology, loads, turn, false);
  // Where all are paused, reads wait for one of them.
  if (!replica.has_value()) replica = LeastBusyReplica(topology, loads, turn, true);
  if (replica.has_value()) return RouteDecision{*replica, Role::kReplica, "read"};
  if (request.fallback == ReadFallback::kPrimary) {
    return ToPrimary(topology, "fallback_no_replica");
  }
  return NoEndpoint(
      Role::kReplica,
      "no replica can be reached, and reads may not fall back to the primary "
      "(routing.read_fallback)");
}

}  // namespace pgsluice
