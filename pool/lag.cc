#include "pool/lag.h"

#include <algorithm>

namespace pgsluice {

namespace {

// A replica that is behind as soon as the gateway looks for the first time may just have
// something under way: its own clock is believed only after a while.
constexpr absl::Duration kShortHistory = absl::Seconds(1);

}  // namespace

void LsnHistory::Add(uint32_t timeline, uint64_t lsn, absl::Time at) {
  if (timeline != timeline_) samples_.clear();
  timeline_ = timeline;
  // A primary that has lost its last writes in a crash goes on from an earlier LSN.
  while (!samples_.empty() && samples_.back().lsn > lsn) samples_.pop_back();
  if (!samples_.empty() && samples_.back().lsn == lsn) {
    samples_.back().last = at;
    return;
  }
  samples_.push_back({.lsn = lsn, .first = at, .last = at});
  if (samples_.size() > kMaxSamples) Thin();
}

void LsnHistory::Thin() {
  std::vector<Sample> kept;
  const size_t old = samples_.size() / 2;
  for (size_t i = 0; i < samples_.size(); ++i) {
    if (i >= old || i % 2 == 0) kept.push_back(samples_[i]);
  }
  samples_ = std::move(kept);
}

Lag LsnHistory::LagOf(const ReplayPoint& replayed, absl::Time now) const {
  if (samples_.empty()) return {};
  const uint64_t written = samples_.back().lsn;
  Lag lag;
  lag.bytes = written - std::min(written, replayed.lsn);
  auto beyond = samples_.begin();
  if (!replayed.is_on_old_timeline) {
    beyond = std::upper_bound(
        samples_.begin(), samples_.end(), replayed.lsn,
        [](uint64_t lsn, const Sample& sample) { return lsn < sample.lsn; });
  }
  if (beyond != samples_.begin()) lag.caught_up_at = std::prev(beyond)->last;
  if (beyond == samples_.end()) {
    lag.time = absl::ZeroDuration();
    return lag;
  }
  lag.time = now - beyond->first;
  const bool is_older = beyond == samples_.begin() && !replayed.is_on_old_timeline &&
                        *lag.time >= kShortHistory;
  if (is_older && replayed.age.has_value()) lag.time = std::max(*lag.time, *replayed.age);
  return lag;
}

}  // namespace pgsluice
