#include "pool/eligibility.h"

namespace pgsluice {

std::string_view RejectionName(Rejection rejection) {
  switch (rejection) {
    case Rejection::kNone: return "none";
    case Rejection::kNoRole: return "no_role";
    case Rejection::kOtherRole: return "other_role";
    case Rejection::kUnreachable: return "unreachable";
    case Rejection::kEjected: return "ejected";
    case Rejection::kStale: return "stale";
    case Rejection::kPaused: return "paused";
    case Rejection::kAvoided: return "failed_there";
    case Rejection::kCount: break;
  }
  return "unknown";
}

Rejection JudgeAs(Role role, const RouteRequest& request, const EndpointView& view,
                  const LoadView& load) {
  if (view.role == Role::kUnknown) return Rejection::kNoRole;
  if (view.role != role) return Rejection::kOtherRole;
  if (!view.is_reachable) return Rejection::kUnreachable;
  if (load.is_ejected) return Rejection::kEjected;
  if (load.is_stale) return Rejection::kStale;
  if (load.is_paused) return Rejection::kPaused;
  const bool is_avoided = !request.avoid.empty() && view.name == request.avoid;
  return is_avoided ? Rejection::kAvoided : Rejection::kNone;
}

}  // namespace pgsluice
