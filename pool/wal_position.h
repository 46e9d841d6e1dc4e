// A place in a cluster's WAL. Value.
#pragma once

#include <cstdint>

namespace pgsluice {

struct WalPosition {
  uint32_t timeline = 0;
  uint64_t lsn = 0;  // In bytes.

  bool operator==(const WalPosition&) const = default;
};

}  // namespace pgsluice
