#include "pool/server_timeout.h"

#include <algorithm>

namespace pgsluice {

namespace {

// Beyond the deadline: time for the gateway's own cancel to come first; and the most, of
// the second that is promised, with the way to the server.
constexpr absl::Duration kLeastSlack = absl::Milliseconds(100);
constexpr absl::Duration kMostSlack = absl::Milliseconds(900);
// Callers whose deadlines differ by less mostly share one setting.
constexpr absl::Duration kStep = absl::Milliseconds(500);

}  // namespace

ServerTimeout::ServerTimeout(absl::Duration configured) : configured_(configured) {
  NoteReset();
}

std::optional<absl::Duration> ServerTimeout::Next(absl::Duration left) const {
  if (has_yielded_) return std::nullopt;
  const std::optional<absl::Duration>& holds = is_local_ ? local_ : session_;
  left = std::max(left, absl::ZeroDuration());
  const bool has_limit = configured_ > absl::ZeroDuration();
  if (left == absl::InfiniteDuration() ||
      (has_limit && left + kLeastSlack >= configured_)) {
    if (holds == configured_ || (!has_limit && !holds.has_value())) return std::nullopt;
    return configured_;
  }
  if (holds.has_value() && *holds >= left + kLeastSlack && *holds <= left + kMostSlack) {
    return std::nullopt;
  }
  const absl::Duration rounded = absl::Ceil(left + kLeastSlack, kStep);
  return has_limit ? std::min(rounded, configured_) : rounded;
}

void ServerTimeout::NoteSetLocal(absl::Duration timeout) {
  is_local_ = true;
  local_ = timeout;
}

void ServerTimeout::NoteLocalUnknown() {
  is_local_ = true;
  local_.reset();
}

void ServerTimeout::NoteReset() {
  has_yielded_ = is_local_ = false;
  session_.reset();
  if (configured_ > absl::ZeroDuration()) session_ = configured_;
}

}  // namespace pgsluice
