// Where a call would go, and what is held against each endpoint. Value.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "pool/eligibility.h"
#include "pool/router.h"
#include "pool/topology.h"

namespace pgsluice {

struct EndpointVerdict {
  Rejection rejection = Rejection::kNone;
  LoadView load;
};

struct RouteExplanation {
  absl::StatusOr<RouteDecision> decision = RouteDecision{};
  std::vector<EndpointVerdict> endpoints;  // In the order of the topology's.
  Topology topology;
};

// Why, in a sentence; empty for none. `wanted`: the role that the call wants.
std::string ExplainRejection(Rejection rejection, const EndpointView& view, Role wanted,
                             absl::Time now);

}  // namespace pgsluice
