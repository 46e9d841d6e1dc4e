#include "pool/eligibility.h"

namespace pgsluice {

std::string_view RejectionName(Rejection rejection) {
  switch (rejection) {
    case Rejection::kNone: return "none";
    case Rejection::kNoRole: return "no_role";
    case Rejection::kOtherRole: return "other_role";
    case Rejection::kUnreachable: return "unreachable";
    case Rejection::kDoubted: return "refused_a_write";
    case Rejection::kLagging: return "lagging";
    case Rejection::kNoWeight: return "no_weight";
    case Rejection::kEjected: return "ejected";
    case Rejection::kStale: return "stale";
    case Rejection::kPaused: return "paused";
    case Rejection::kAvoided: return "failed_there";
    case Rejection::kCount: break;
  }
  return "unknown";
}

namespace {

Rejection JudgePrimary(const EndpointView& view, const LoadView& load) {
  if (view.doubted_at.has_value()) return Rejection::kDoubted;
  if (!view.is_reachable && !load.is_answering) return Rejection::kUnreachable;
  return load.is_paused ? Rejection::kPaused : Rejection::kNone;
}

Rejection JudgeReplica(const RouteRequest& request, const EndpointView& view,
                       const LoadView& load) {
  if (!view.is_reachable) return Rejection::kUnreachable;
  if (load.is_stale) return Rejection::kStale;
  if (view.lag_gate.is_out) return Rejection::kLagging;
  if (view.weight == 0) return Rejection::kNoWeight;
  if (view.ejection.has_value()) return Rejection::kEjected;
  if (load.is_paused) return Rejection::kPaused;
  const bool is_avoided = !request.avoid.empty() && view.name == request.avoid;
  return is_avoided ? Rejection::kAvoided : Rejection::kNone;
}

}  // namespace

Role WantedRole(const RouteRequest& request) {
  const bool needs_primary = request.intent == Intent::kWrite ||
                             request.freshness.kind == Freshness::Kind::kStrong;
  return needs_primary ? Role::kPrimary : Role::kReplica;
}

Rejection JudgeAs(Role role, const RouteRequest& request, const EndpointView& view,
                  const LoadView& load) {
  if (view.role == Role::kUnknown) return Rejection::kNoRole;
  if (view.role != role) return Rejection::kOtherRole;
  return role == Role::kPrimary ? JudgePrimary(view, load)
                                : JudgeReplica(request, view, load);
}

}  // namespace pgsluice
