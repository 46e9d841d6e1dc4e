#include "pool/replay_pace.h"

#include <algorithm>

namespace pgsluice {

namespace {

constexpr absl::Duration kShortest = absl::Milliseconds(2);
// Nothing moves for longer: whoever waits for it hardly feels as much more.
constexpr absl::Duration kLongest = absl::Milliseconds(20);
constexpr absl::Duration kFirstFailure = absl::Milliseconds(50);
constexpr absl::Duration kLongestFailure = absl::Seconds(1);

}  // namespace

absl::Duration ReplayPace::OnProgress() {
  failure_pause_ = absl::ZeroDuration();
  return pause_ = kShortest;
}

absl::Duration ReplayPace::OnNothingNew() {
  failure_pause_ = absl::ZeroDuration();
  pause_ = std::clamp(pause_ * 1.25, kShortest, kLongest);
  return pause_;
}

absl::Duration ReplayPace::OnFailure() {
  failure_pause_ = std::clamp(failure_pause_ * 2, kFirstFailure, kLongestFailure);
  return failure_pause_;
}

}  // namespace pgsluice
