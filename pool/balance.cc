#include "pool/balance.h"

#include <algorithm>

namespace pgsluice {

namespace {

// SplitMix64: spreads turns, so that they do for random numbers.
uint64_t Spread(uint64_t turn) {
  uint64_t z = turn + 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// Round trips below this, or that differ by less than this factor, are alike: what is
// left is noise, and not worth a crowd.
constexpr absl::Duration kShortTrip = absl::Microseconds(500);
constexpr double kAlike = 1.5;

// How much longer a round trip to `a` is than one to `b`; 1 when they are alike.
double TripRatio(const Candidate& a, const Candidate& b) {
  if (a.round_trip == absl::ZeroDuration() || b.round_trip == absl::ZeroDuration()) {
    return 1;
  }
  const double ratio = absl::FDivDuration(std::max(a.round_trip, kShortTrip),
                                          std::max(b.round_trip, kShortTrip));
  return ratio < kAlike && ratio > 1 / kAlike ? 1 : ratio;
}

// Work in flight for its weight. An idle one counts, too: slowness then still does.
double LoadOf(const Candidate& candidate) {
  return 1 + static_cast<double>(candidate.in_flight) / candidate.weight;
}

bool IsBetter(const Candidate& a, const Candidate& b) {
  return LoadOf(a) * TripRatio(a, b) < LoadOf(b);
}

// By weight, among those that are `near` (all are, if none is), without `but`.
class Lot {
 public:
  explicit Lot(std::span<const Candidate> candidates) : candidates_(candidates) {
    for (const Candidate& candidate : candidates) has_near_ |= candidate.is_near;
    for (size_t i = 0; i < candidates.size(); ++i) total_ += WeightOf(i);
  }

  // `random` in [0, 2^32).
  size_t Draw(uint64_t random, size_t but) const {
    const uint64_t total = total_ - (but < candidates_.size() ? WeightOf(but) : 0);
    if (total == 0) return but;
    uint64_t left = random * total >> 32;
    for (size_t i = 0; i < candidates_.size(); ++i) {
      if (i == but) continue;
      if (left < WeightOf(i)) return i;
      left -= WeightOf(i);
    }
    return but;
  }

 private:
  uint64_t WeightOf(size_t i) const {
    return has_near_ && !candidates_[i].is_near ? 0 : candidates_[i].weight;
  }

  const std::span<const Candidate> candidates_;
  bool has_near_ = false;
  uint64_t total_ = 0;
};

}  // namespace

size_t ChooseOfTwo(std::span<const Candidate> candidates, uint64_t turn) {
  if (candidates.size() == 1) return 0;
  const uint64_t random = Spread(turn);
  const Lot lot(candidates);
  const size_t first = lot.Draw(random & 0xffffffff, candidates.size());
  const size_t second = lot.Draw(random >> 32, first);
  return IsBetter(candidates[second], candidates[first]) ? second : first;
}

}  // namespace pgsluice
