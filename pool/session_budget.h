// The most sessions that all pools together may have open or being opened. Thread-safe.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>

namespace pgsluice {

class SessionBudget final {
 public:
  // 0: no limit.
  explicit SessionBudget(size_t limit) : limit_(limit) {}
  SessionBudget(const SessionBudget&) = delete;
  SessionBudget& operator=(const SessionBudget&) = delete;

  // As many of `wanted` as there are; each must be given back.
  size_t Take(size_t wanted) {
    size_t used = used_.load(std::memory_order_relaxed);
    while (true) {
      const size_t limit = limit_.load(std::memory_order_relaxed);
      const size_t left = limit > used ? limit - used : 0;
      const size_t taken = limit == 0 ? wanted : std::min(wanted, left);
      if (used_.compare_exchange_weak(used, used + taken, std::memory_order_relaxed)) {
        return taken;
      }
    }
  }
  void GiveBack() { used_.fetch_sub(1, std::memory_order_relaxed); }

  // Takes nothing away from who has it.
  void set_limit(size_t limit) { limit_.store(limit, std::memory_order_relaxed); }
  size_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  std::atomic<size_t> limit_;
  std::atomic<size_t> used_{0};
};

}  // namespace pgsluice
