#include "pool/alert_latch.h"

namespace pgsluice {

std::optional<AlertChange> AlertLatch::On(AlertLevel level, absl::Duration hold,
                                          absl::Time now) {
  switch (level) {
    case AlertLevel::kUnknown: return std::nullopt;
    case AlertLevel::kBetween:
      state_ = is_firing() ? AlertState::kFiring : AlertState::kQuiet;
      return std::nullopt;
    case AlertLevel::kBad: return OnBad(hold, now);
    case AlertLevel::kGood: return OnGood(hold, now);
  }
  return std::nullopt;
}

std::optional<AlertChange> AlertLatch::OnBad(absl::Duration hold, absl::Time now) {
  if (is_firing()) {
    state_ = AlertState::kFiring;
    return std::nullopt;
  }
  if (state_ == AlertState::kQuiet) {
    state_ = AlertState::kPending;
    step_began_ = now;
  }
  if (now - step_began_ < hold) return std::nullopt;
  state_ = AlertState::kFiring;
  changed_ = now;
  ++times_fired_;
  return AlertChange::kFired;
}

std::optional<AlertChange> AlertLatch::OnGood(absl::Duration hold, absl::Time now) {
  if (!is_firing()) {
    state_ = AlertState::kQuiet;
    return std::nullopt;
  }
  if (state_ == AlertState::kFiring) {
    state_ = AlertState::kClearing;
    step_began_ = now;
  }
  if (now - step_began_ < hold) return std::nullopt;
  state_ = AlertState::kQuiet;
  changed_ = now;
  return AlertChange::kCleared;
}

std::optional<absl::Time> AlertLatch::since() const {
  if (state_ == AlertState::kPending) return step_began_;
  return changed_;
}

}  // namespace pgsluice
