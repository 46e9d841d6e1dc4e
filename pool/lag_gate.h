// Keeps reads away from a replica that is too far behind: out at once, back when it has
// been well within the bound for a while. Rules file.
#pragma once

#include "absl/time/time.h"

#include "pool/lag.h"
#include "pool/options.h"

namespace pgsluice {

struct LagGate {
  bool is_out = false;
  absl::Time since = absl::InfinitePast();  // It is out, or in.
  // Since when it has been well within the bound; the infinite future: it is not.
  absl::Time fit_since = absl::InfinitePast();
};

// A lag that is not known changes nothing.
LagGate NextLagGate(LagGate gate, const Lag& lag, const LagBound& bound, absl::Time now);

}  // namespace pgsluice
