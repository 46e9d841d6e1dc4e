#include "pool/balance.h"

namespace pgsluice {

namespace {

// SplitMix64: spreads turns, so that they do for random numbers.
uint64_t Spread(uint64_t turn) {
  uint64_t z = turn + 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

size_t ChooseOfTwo(std::span<const Candidate> candidates, uint64_t turn) {
  const size_t count = candidates.size();
  if (count == 1) return 0;
  const uint64_t random = Spread(turn);
  const size_t first = (random & 0xffffffff) % count;
  const size_t second = (first + 1 + (random >> 32) % (count - 1)) % count;
  return candidates[second].in_flight < candidates[first].in_flight ? second : first;
}

}  // namespace pgsluice
