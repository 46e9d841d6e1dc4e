// Reads that the gateway has sent again by itself: how many more it may, and how many it
// has. OnRead and TakeOne on the shard that they name; totals on any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "pool/read_resend.h"

namespace pgsluice {

class ReadResends final {
 public:
  struct Totals {
    uint64_t resent = 0;
    uint64_t refused = 0;  // By the budget.
  };

  explicit ReadResends(size_t shards) : of_shard_(shards) {}

  // A read is asked for.
  void OnRead(int shard, const ResendOptions& options);
  // A read is to be sent again: false when it must not.
  bool TakeOne(int shard, const ResendOptions& options);

  Totals totals() const;

 private:
  // On a cache line of its own: every read writes to it.
  struct alignas(64) OfShard {
    ResendBudget budget;
    std::atomic<uint64_t> resent{0};
    std::atomic<uint64_t> refused{0};
  };

  std::vector<OfShard> of_shard_;
};

}  // namespace pgsluice
