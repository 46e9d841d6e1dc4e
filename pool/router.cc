#include "pool/router.h"

#include <algorithm>
#include <optional>

#include "absl/container/inlined_vector.h"

#include "pool/balance.h"
#include "pool/eligibility.h"
#include "pool/error.h"
#include "pool/error_freshness.h"

namespace pgsluice {

namespace {

// As many endpoints as are looked at without asking for memory.
constexpr size_t kFew = 8;
using Rejections = absl::InlinedVector<Rejection, kFew>;

absl::StatusOr<RouteDecision> ToPrimary(const Topology& topology,
                                        std::string_view reason) {
  if (!topology.primary.has_value()) {
    return NoEndpoint(Role::kPrimary, topology.primary_problem);
  }
  return RouteDecision{*topology.primary, Role::kPrimary, reason};
}

Rejections JudgeReplicas(const RouteRequest& request, const Topology& topology,
                         std::span<const LoadView> loads) {
  Rejections rejections;
  for (size_t i = 0; i < topology.endpoints.size(); ++i) {
    rejections.push_back(
        JudgeAs(Role::kReplica, request, topology.endpoints[i], loads[i]));
  }
  return rejections;
}

// One of the replicas with that rejection, if there is any.
std::optional<RouteDecision> ChooseAmong(Rejection wanted, const Rejections& rejections,
                                         std::span<const LoadView> loads, uint64_t turn) {
  absl::InlinedVector<Candidate, kFew> candidates;
  for (size_t i = 0; i < rejections.size(); ++i) {
    if (rejections[i] != wanted) continue;
    candidates.push_back({.endpoint = i, .in_flight = loads[i].in_flight});
  }
  if (candidates.empty()) return std::nullopt;
  const size_t chosen = candidates[ChooseOfTwo(candidates, turn)].endpoint;
  return RouteDecision{chosen, Role::kReplica, "read"};
}

// Whether the primary may take a read at once that no replica serves.
bool MayFallBackNow(const RouteRequest& request, const Topology& topology,
                    std::span<const LoadView> loads) {
  if (request.fallback != ReadFallback::kPrimary) return false;
  if (!topology.primary.has_value()) return false;
  const size_t primary = *topology.primary;
  return topology.endpoints[primary].is_reachable && !loads[primary].is_paused;
}

// There are replicas, but none is fresh enough.
absl::StatusOr<RouteDecision> WhenStale(const RouteRequest& request,
                                        const Topology& topology) {
  switch (request.if_unmet) {
    case IfUnmet::kFail: break;
    case IfUnmet::kPrimary:
      if (request.fallback != ReadFallback::kPrimary) break;
      return ToPrimary(topology, "fallback_stale");
    case IfUnmet::kDefault:
    case IfUnmet::kWait: return RouteDecision{.waits = true};
  }
  return NotFreshEnough(request.if_unmet == IfUnmet::kPrimary);
}

}  // namespace

absl::StatusOr<RouteDecision> Route(const RouteRequest& request, const Topology& topology,
                                    std::span<const LoadView> loads, uint64_t turn) {
  if (request.intent == Intent::kWrite) return ToPrimary(topology, "write");
  if (request.freshness.kind == Freshness::Kind::kStrong) {
    return ToPrimary(topology, "strong");
  }
  const Rejections rejections = JudgeReplicas(request, topology, loads);
  auto chosen = ChooseAmong(Rejection::kNone, rejections, loads, turn);
  if (chosen.has_value()) return *chosen;
  if (!request.avoid.empty() && MayFallBackNow(request, topology, loads)) {
    return ToPrimary(topology, "fallback_no_replica");
  }
  chosen = ChooseAmong(Rejection::kAvoided, rejections, loads, turn);
  // Where all are paused, reads wait for one of them.
  if (!chosen.has_value()) {
    chosen = ChooseAmong(Rejection::kPaused, rejections, loads, turn);
  }
  if (chosen.has_value()) return *chosen;
  const bool is_any_stale = std::find(rejections.begin(), rejections.end(),
                                      Rejection::kStale) != rejections.end();
  if (is_any_stale) return WhenStale(request, topology);
  if (request.fallback == ReadFallback::kPrimary) {
    return ToPrimary(topology, "fallback_no_replica");
  }
  return NoEndpoint(
      Role::kReplica,
      "no replica can be reached, and reads may not fall back to the primary "
      "(routing.read_fallback)");
}

}  // namespace pgsluice
