// Errors of reads that ask for a freshness. See error.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "pool/freshness.h"

namespace pgsluice {

// Not of a shape that any gateway hands out.
absl::Status NotAToken();
// It cannot be had, for what `standing` says; not for kOurs.
absl::Status TokenRefused(TokenStanding standing, const WriteToken& token,
                          const Topology& topology);
// No replica is; the primary would be, but the caller, or the configuration
// (`is_primary_barred`), does not want it.
absl::Status NotFreshEnough(bool is_primary_barred);
// Nor was one within `waited`, up to just before the deadline. `how_far` says how far
// they are.
absl::Status NotFreshInTime(absl::Duration waited, std::string_view how_far);
// Of the replica that is furthest: "server1 is at 0/3028728, 336 bytes behind".
std::string HowFar(const Topology& topology, const std::optional<WalPosition>& wanted);

}  // namespace pgsluice
