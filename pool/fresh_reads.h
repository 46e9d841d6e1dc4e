// Counts what became of reads with a freshness that a replica meets, or not. Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace pgsluice {

enum class FreshReadEnd {
  kMet,           // A replica was fresh enough at once,
  kMetAfterWait,  // or in the end.
  kToPrimary,     // None was, and it went there.
  kUnmet,         // None was, and it failed.
  kTokenRefused,
  kCount
};

struct FreshReadCounts {
  uint64_t met = 0;
  uint64_t met_after_wait = 0;
  uint64_t to_primary = 0;
  uint64_t unmet = 0;
  uint64_t tokens_refused = 0;
  size_t waiting = 0;      // Now.
  uint64_t questions = 0;  // To replicas, how far they are, for all that waited.
};

class FreshReads final {
 public:
  void Count(FreshReadEnd end) {
    counts_[static_cast<size_t>(end)].fetch_add(1, std::memory_order_relaxed);
  }
  uint64_t count(FreshReadEnd end) const {
    return counts_[static_cast<size_t>(end)].load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<uint64_t>, static_cast<size_t>(FreshReadEnd::kCount)> counts_{};
};

}  // namespace pgsluice
