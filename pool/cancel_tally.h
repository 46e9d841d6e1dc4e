// What became of the statements that were cancelled on one endpoint. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>

namespace pgsluice {

// Totals at one moment.
struct CancelCounts {
  uint64_t cancelled = 0;
  uint64_t seen_idle = 0;  // PostgreSQL has ended them, and said so.
  uint64_t seen_gone = 0;  // Their backends have closed their connections.

  // Of these, nobody knows yet.
  uint64_t followed() const { return cancelled - seen_idle - seen_gone; }

  bool operator==(const CancelCounts&) const = default;
};

// Shared by an endpoint's connectors and sessions.
class CancelTally final {
 public:
  void NoteCancelled() { cancelled_.fetch_add(1, std::memory_order_relaxed); }
  void NoteIdle() { seen_idle_.fetch_add(1, std::memory_order_release); }
  void NoteGone() { seen_gone_.fetch_add(1, std::memory_order_release); }

  // Ends before begins: what is followed is never less than nothing.
  CancelCounts counts() const {
    CancelCounts counts;
    counts.seen_idle = seen_idle_.load(std::memory_order_acquire);
    counts.seen_gone = seen_gone_.load(std::memory_order_acquire);
    counts.cancelled = cancelled_.load(std::memory_order_relaxed);
    return counts;
  }

 private:
  std::atomic<uint64_t> cancelled_{0};
  std::atomic<uint64_t> seen_idle_{0};
  std::atomic<uint64_t> seen_gone_{0};
};

}  // namespace pgsluice
