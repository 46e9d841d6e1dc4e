// Which of several endpoints that may serve a call does: the better of two taken at
// random. Rules file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pgsluice {

// An endpoint that may serve the call.
struct Candidate {
  size_t endpoint = 0;  // Index in the topology.
  size_t in_flight = 0;
};

// Index of the chosen one in `candidates`, which must not be empty. `turn` rises with
// each call; the same turn makes the same choice.
size_t ChooseOfTwo(std::span<const Candidate> candidates, uint64_t turn);

}  // namespace pgsluice
