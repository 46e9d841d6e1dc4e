// Where a call goes: which endpoints may serve it says eligibility.h, which of these does
// says balance.h, and here is what they are asked in turn. Rules file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "pool/eligibility.h"
#include "pool/route_request.h"
#include "pool/topology.h"

namespace pgsluice {

struct RouteDecision {
  size_t endpoint = 0;
  Role role = Role::kUnknown;
  // write, read, strong, fallback_no_replica, fallback_stale
  std::string_view reason = {};
  // There is no such endpoint now, but there may be one soon: worth a wait.
  bool awaits_primary = false;
  // Nowhere yet: it waits for a replica that is fresh enough.
  bool awaits_replica = false;

  // It has somewhere to go to.
  bool is_made() const { return !awaits_primary && !awaits_replica; }
};

// What to tell who wants a primary to go to, when there is none.
std::string WhyNoPrimary(const Topology& topology);

// `loads` has one entry per endpoint; `turn` rises with each call and breaks ties.
absl::StatusOr<RouteDecision> Route(const RouteRequest& request, const Topology& topology,
                                    std::span<const LoadView> loads, uint64_t turn);

}  // namespace pgsluice
