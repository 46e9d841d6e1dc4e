#include "pool/backoff.h"

#include <algorithm>

namespace pgsluice {

absl::Duration Backoff::NextDelay(double random) {
  absl::Duration ceiling = initial_;
  for (int i = 0; i < failures_ && ceiling < max_; ++i) ceiling *= 2;
  ceiling = std::min(ceiling, max_);
  ++failures_;
  return std::max(std::min(initial_ / 2, max_), ceiling * random);
}

}  // namespace pgsluice
