// Which pool calls went to, and why. Written by one shard, read by any thread.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "absl/status/status.h"

#include "pool/endpoint.h"
#include "pool/route_request.h"
#include "server/metrics/shard_counter.h"

namespace pgsluice {

// What calls ask for.
enum class RequestedRoute { kWrite, kStrong, kAny, kAtLeast, kMaxStaleness, kCount };
inline constexpr size_t kRequestedRoutes = static_cast<size_t>(RequestedRoute::kCount);
std::string_view RequestedRouteName(RequestedRoute requested);
RequestedRoute RequestedOf(const RouteRequest& request);

// Of RouteDecision::reason, and one for what is none of these.
inline constexpr std::array<std::string_view, 6> kRouteReasons = {
    "write", "read", "strong", "fallback_no_replica", "fallback_stale", "other"};

class RouteCounters final {
 public:
  // A session was had.
  void Count(const RouteRequest& request, Role chosen, std::string_view reason);
  // None was: only what says that there is no endpoint for it counts, since the pools
  // count the rest.
  void CountFailure(const RouteRequest& request, const absl::Status& failure);

  uint64_t chosen(RequestedRoute requested, Role role, size_t reason) const;
  // By the role wanted.
  uint64_t without_backend(Role role) const;

 private:
  using Reasons = std::array<ShardCounter, kRouteReasons.size()>;
  std::array<std::array<Reasons, 2>, kRequestedRoutes> chosen_;
  std::array<ShardCounter, 2> without_backend_;
};

}  // namespace pgsluice
