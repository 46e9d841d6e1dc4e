// Which of several endpoints that may serve a call does: the better of two taken at
// random. Rules file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/time/time.h"

namespace pgsluice {

// An endpoint that may serve the call.
struct Candidate {
  size_t endpoint = 0;  // Index in the topology.
  size_t in_flight = 0;
  absl::Duration round_trip;  // Zero: not known.
  uint32_t weight = 1;        // Not zero.
  bool is_near = false;       // In the preferred zone.
};

// Index of the chosen one in `candidates`, which must not be empty. `turn` rises with
// each call; the same turn makes the same choice.
size_t ChooseOfTwo(std::span<const Candidate> candidates, uint64_t turn);

}  // namespace pgsluice
