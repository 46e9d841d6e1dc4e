// Whether an endpoint may serve a call, and why not. Rules file.
#pragma once

#include <cstddef>
#include <string_view>

#include "pool/route_request.h"
#include "pool/topology.h"

namespace pgsluice {

// Why an endpoint does not serve a call now. In this order: what is told of an endpoint
// is the first that holds.
enum class Rejection {
  kNone,         // It may.
  kNoRole,       // It has none: never reached, or refused (EndpointView::problem).
  kOtherRole,    // The call wants a primary and it is a replica, or the other way round.
  kUnreachable,  // It does not answer.
  kDoubted,      // Of a primary: it has refused a write just now.
  kLagging,      // It is too far behind (routing.max_lag_time, max_lag_bytes).
  kNoWeight,     // It is to get no reads (endpoints[].weight).
  kEjected,      // Calls have failed there, for its own fault, just now.
  kStale,        // It does not meet the read's freshness.
  kPaused,       // By an operator: used only when all others are, too.
  kAvoided,      // This very read has failed there: used only when no other is left.
  kCount
};

std::string_view RejectionName(Rejection rejection);

// The role that the call is for; a read may have to do with the primary all the same.
Role WantedRole(const RouteRequest& request);

// Of a call that wants to go to a `role`.
Rejection JudgeAs(Role role, const RouteRequest& request, const EndpointView& view,
                  const LoadView& load);

}  // namespace pgsluice
