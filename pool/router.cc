#include "pool/router.h"

#include <algorithm>
#include <optional>
#include <string>

#include "absl/container/inlined_vector.h"

#include "pool/balance.h"
#include "pool/error.h"
#include "pool/error_freshness.h"
#include "pool/str_cat.h"

namespace pgsluice {

namespace {

// As many endpoints as are looked at without asking for memory.
constexpr size_t kFew = 8;
using Rejections = absl::InlinedVector<Rejection, kFew>;

bool IsPrimaryUsable(const RouteRequest& request, const Topology& topology,
                     std::span<const LoadView> loads) {
  if (!topology.primary.has_value()) return false;
  const size_t primary = *topology.primary;
  const Rejection rejection =
      JudgeAs(Role::kPrimary, request, topology.endpoints[primary], loads[primary]);
  // A paused one has calls wait, as all who want a primary do.
  return rejection == Rejection::kNone || rejection == Rejection::kPaused;
}

absl::StatusOr<RouteDecision> ToPrimary(const RouteRequest& request,
                                        const Topology& topology,
                                        std::span<const LoadView> loads,
                                        std::string_view reason) {
  if (IsPrimaryUsable(request, topology, loads)) {
    return RouteDecision{
        .endpoint = *topology.primary, .role = Role::kPrimary, .reason = reason};
  }
  if (!topology.awaits_primary) {
    return NoEndpoint(Role::kPrimary, WhyNoPrimary(topology));
  }
  return RouteDecision{.role = Role::kPrimary, .reason = reason, .awaits_primary = true};
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
                                         const Topology& topology,
                                         std::span<const LoadView> loads, uint64_t turn) {
  absl::InlinedVector<Candidate, kFew> candidates;
  for (size_t i = 0; i < rejections.size(); ++i) {
    if (rejections[i] != wanted) continue;
    const EndpointView& view = topology.endpoints[i];
    candidates.push_back({.endpoint = i,
                          .in_flight = loads[i].in_flight,
                          .round_trip = view.round_trip,
                          .weight = view.weight,
                          .is_near = view.is_near});
  }
  if (candidates.empty()) return std::nullopt;
  const size_t chosen = candidates[ChooseOfTwo(candidates, turn)].endpoint;
  return RouteDecision{.endpoint = chosen, .role = Role::kReplica, .reason = "read"};
}

std::string WhyNone(const Topology& topology, const Rejections& rejections) {
  std::string why;
  for (size_t i = 0; i < rejections.size(); ++i) {
    if (rejections[i] == Rejection::kOtherRole) continue;
    StrAppend(&why, why.empty() ? " (" : ", ", topology.endpoints[i].name, ": ",
              RejectionName(rejections[i]));
  }
  return why.empty() ? why : why + ")";
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
                                        const Topology& topology,
                                        std::span<const LoadView> loads) {
  switch (request.if_unmet) {
    case IfUnmet::kFail: break;
    case IfUnmet::kPrimary:
      if (request.fallback != ReadFallback::kPrimary) break;
      return ToPrimary(request, topology, loads, "fallback_stale");
    case IfUnmet::kDefault:
    case IfUnmet::kWait: return RouteDecision{.awaits_replica = true};
  }
  return NotFreshEnough(request.if_unmet == IfUnmet::kPrimary);
}

}  // namespace

std::string WhyNoPrimary(const Topology& topology) {
  if (!topology.primary.has_value()) return topology.primary_problem;
  const EndpointView& view = topology.endpoints[*topology.primary];
  if (view.is_reachable && view.doubted_at.has_value()) {
    return StrCat(view.name, " has refused a write, and is being asked for its role");
  }
  const bool has_said_why = view.last.has_value() && !view.last->error.empty();
  return StrCat(view.name, " does not answer: ",
                has_said_why ? view.last->error : std::string("no answer in time"));
}

absl::StatusOr<RouteDecision> Route(const RouteRequest& request, const Topology& topology,
                                    std::span<const LoadView> loads, uint64_t turn) {
  if (request.intent == Intent::kWrite)
    return ToPrimary(request, topology, loads, "write");
  if (request.freshness.kind == Freshness::Kind::kStrong) {
    return ToPrimary(request, topology, loads, "strong");
  }
  const Rejections rejections = JudgeReplicas(request, topology, loads);
  auto chosen = ChooseAmong(Rejection::kNone, rejections, topology, loads, turn);
  if (chosen.has_value()) return *chosen;
  if (!request.avoid.empty() && MayFallBackNow(request, topology, loads)) {
    return ToPrimary(request, topology, loads, "fallback_no_replica");
  }
  chosen = ChooseAmong(Rejection::kAvoided, rejections, topology, loads, turn);
  // Where all are paused, reads wait for one of them.
  if (!chosen.has_value()) {
    chosen = ChooseAmong(Rejection::kPaused, rejections, topology, loads, turn);
  }
  if (chosen.has_value()) return *chosen;
  const bool is_any_stale = std::find(rejections.begin(), rejections.end(),
                                      Rejection::kStale) != rejections.end();
  if (is_any_stale) return WhenStale(request, topology, loads);
  if (request.fallback == ReadFallback::kPrimary) {
    return ToPrimary(request, topology, loads, "fallback_no_replica");
  }
  return NoEndpoint(
      Role::kReplica,
      StrCat("no replica can be used", WhyNone(topology, rejections),
             ", and reads may not fall back to the primary (routing.read_fallback)"));
}

}  // namespace pgsluice
