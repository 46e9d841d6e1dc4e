// Which reads the gateway sends again by itself, and how many. Reads only: a write whose
// bytes may have left is never sent again. Rules file.
#pragma once

#include <cstdint>
#include <limits>

#include "absl/status/status.h"

#include "pool/endpoint.h"

namespace pgsluice {

struct ResendOptions {
  uint32_t percent = 0;  // Of all reads; 0: none is sent again.
  uint32_t burst = 1;    // Most in a row.

  bool operator==(const ResendOptions&) const = default;
};

// Whether `failure`, of a read that an endpoint of `role` served, says nothing about how
// the read would fare elsewhere: its session was lost, or it stood in the way of what the
// replica had to replay. Not of one that was cancelled or ran out of time.
bool MaySucceedElsewhere(const absl::Status& failure, Role role);

// How many reads may still be sent again: each read earns a share of one, up to a burst.
// Full at first. Options may change between any two calls. Confined to one shard.
class ResendBudget final {
 public:
  // A read has been asked for.
  void Earn(const ResendOptions& options);
  // One is to be sent again: false when the budget does not allow it.
  bool Spend(const ResendOptions& options);

 private:
  // In hundredths of a read.
  uint64_t balance_ = std::numeric_limits<uint32_t>::max();
};

}  // namespace pgsluice
