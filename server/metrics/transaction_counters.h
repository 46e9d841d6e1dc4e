// Transactions by how they ended. Written by one shard, read by any thread.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "server/metrics/shard_counter.h"

namespace pgsluice {

enum class TransactionKind {
  kStream,  // Of a Transaction call.
  kBatch,   // Of an atomic batch, or of a Query that is one.
  kCount,
};
std::string_view TransactionKindName(TransactionKind kind);

enum class TransactionOutcome {
  kCommitted,
  kRolledBack,  // As its caller asked, or for an error of one of its statements.
  kAborted,     // Nobody asked for its end: time, silence, a lost session, a shutdown.
  kUnknown,     // Nobody knows.
  kCount,
};
inline constexpr size_t kTransactionOutcomes =
    static_cast<size_t>(TransactionOutcome::kCount);
std::string_view TransactionOutcomeName(TransactionOutcome outcome);
// Of one that ended with that error.
TransactionOutcome OutcomeOfFailure(const absl::Status& failure);

class TransactionCounters final {
 public:
  struct PerKind {
    std::array<ShardCounter, kTransactionOutcomes> ended;
    ShardHistogram time;  // From its session to its end.
  };

  // `took`: from its session to its end.
  void Count(TransactionKind kind, TransactionOutcome outcome, absl::Duration took) {
    PerKind& counters = kinds_[static_cast<size_t>(kind)];
    counters.ended[static_cast<size_t>(outcome)].Add();
    counters.time.Add(took);
  }
  const PerKind& of(TransactionKind kind) const {
    return kinds_[static_cast<size_t>(kind)];
  }

 private:
  std::array<PerKind, static_cast<size_t>(TransactionKind::kCount)> kinds_;
};

}  // namespace pgsluice
