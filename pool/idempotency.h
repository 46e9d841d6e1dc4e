// Idempotency keys: a write's key, the digest of its request and its answer, in a table
// of the database. Values.
#pragma once

#include <string>

#include "absl/time/time.h"

namespace pgsluice {

// The table that keeps them.
struct IdempotencyTable {
  std::string schema = "pgsluice";
  std::string name = "idempotency";

  bool operator==(const IdempotencyTable&) const = default;
};

// How the table is looked after.
struct IdempotencyUpkeep {
  bool creates_table = true;
  absl::Duration retention = absl::Hours(24);
  absl::Duration sweep_interval = absl::Minutes(1);

  bool operator==(const IdempotencyUpkeep&) const = default;
};

// An answer that another version may have written: this one's format.
inline constexpr int kOutcomeFormat = 1;  // pgsluice.v1.BatchResponse, serialised.

}  // namespace pgsluice
