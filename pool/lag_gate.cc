#include "pool/lag_gate.h"

namespace pgsluice {

namespace {

// Well within the bound is below this share of it, for this long.
constexpr double kFitShare = 0.8;
constexpr absl::Duration kFitFor = absl::Seconds(1);

bool IsBeyond(const Lag& lag, const LagBound& bound, double share) {
  const bool is_late = bound.time > absl::ZeroDuration() && lag.time.has_value() &&
                       *lag.time > bound.time * share;
  const bool is_far =
      bound.bytes > 0 && lag.bytes.has_value() &&
      static_cast<double>(*lag.bytes) > static_cast<double>(bound.bytes) * share;
  return is_late || is_far;
}

}  // namespace

LagGate NextLagGate(LagGate gate, const Lag& lag, const LagBound& bound, absl::Time now) {
  if (!lag.bytes.has_value() && !lag.time.has_value()) return gate;
  if (IsBeyond(lag, bound, 1)) {
    gate.fit_since = absl::InfiniteFuture();
    if (!gate.is_out) gate.since = now;
    gate.is_out = true;
    return gate;
  }
  if (!gate.is_out) return gate;
  if (IsBeyond(lag, bound, kFitShare)) {
    gate.fit_since = absl::InfiniteFuture();
  } else if (gate.fit_since == absl::InfiniteFuture()) {
    gate.fit_since = now;
  }
  const bool has_no_bound = bound.time <= absl::ZeroDuration() && bound.bytes == 0;
  if (!has_no_bound && now - gate.fit_since < kFitFor) return gate;
  return {.is_out = false, .since = now};
}

}  // namespace pgsluice
