// How many calls may be in progress, and whether new ones are taken at all. Thread-safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"

namespace pgsluice {

class Admission final {
 public:
  enum class Kind { kStatement, kTransaction };
  struct Limits {
    size_t max_calls = 10000;
    size_t max_transactions = 1000;

    bool operator==(const Limits&) const = default;
  };

  // The right to be in progress, given back when destroyed.
  class Ticket final {
   public:
    Ticket(Admission& admission, Kind kind) : admission_(&admission), kind_(kind) {}
    Ticket(Ticket&& other) noexcept
        : admission_(std::exchange(other.admission_, nullptr)), kind_(other.kind_) {}
    Ticket& operator=(Ticket&&) = delete;
    ~Ticket() {
      if (admission_ != nullptr) admission_->Release(kind_);
    }

   private:
    Admission* admission_;
    Kind kind_;
  };

  explicit Admission(Limits limits)
      : max_calls_(limits.max_calls), max_transactions_(limits.max_transactions) {}
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  absl::StatusOr<Ticket> Admit(Kind kind);

  // For calls from now on; those in progress go on.
  void set_limits(Limits limits) {
    max_calls_ = limits.max_calls;
    max_transactions_ = limits.max_transactions;
  }
  // No new transactions from now on; statements still are served.
  void RefuseTransactions() { refuses_transactions_ = true; }
  // Nothing new from now on.
  void RefuseAll() { refuses_all_ = true; }

  // Totals.
  struct Refusals {
    uint64_t calls = 0;         // There were max_calls.
    uint64_t transactions = 0;  // There were max_transactions.
    uint64_t draining = 0;      // The server takes none any more.
  };
  Refusals refusals() const {
    return {.calls = refused_calls_,
            .transactions = refused_transactions_,
            .draining = refused_draining_};
  }
  Limits limits() const {
    return {.max_calls = max_calls_, .max_transactions = max_transactions_};
  }

  size_t calls() const { return calls_; }
  size_t transactions() const { return transactions_; }

 private:
  void Release(Kind kind);

  std::atomic<size_t> max_calls_;
  std::atomic<size_t> max_transactions_;
  std::atomic<size_t> calls_{0};  // Transactions included.
  std::atomic<size_t> transactions_{0};
  std::atomic<bool> refuses_transactions_{false};
  std::atomic<bool> refuses_all_{false};
  std::atomic<uint64_t> refused_calls_{0};
  std::atomic<uint64_t> refused_transactions_{0};
  std::atomic<uint64_t> refused_draining_{0};
};

}  // namespace pgsluice
