#include "server/metrics/transaction_counters.h"

#include "pool/error.h"

namespace pgsluice {

std::string_view TransactionKindName(TransactionKind kind) {
  return kind == TransactionKind::kStream ? "stream" : "batch";
}

std::string_view TransactionOutcomeName(TransactionOutcome outcome) {
  switch (outcome) {
    case TransactionOutcome::kCommitted: return "committed";
    case TransactionOutcome::kRolledBack: return "rolled_back";
    case TransactionOutcome::kAborted: return "aborted";
    case TransactionOutcome::kUnknown:
    case TransactionOutcome::kCount: break;
  }
  return "unknown";
}

TransactionOutcome OutcomeOfFailure(const absl::Status& failure) {
  const auto details = DetailsOf(failure);
  if (!details.has_value()) return TransactionOutcome::kAborted;
  if (details->outcome == Outcome::kUnknown) return TransactionOutcome::kUnknown;
  // What a statement did wrong, and what its caller expected of it in vain.
  const bool is_own_fault =
      details->blame == Blame::kStatement && details->outcome == Outcome::kRolledBack;
  return is_own_fault ? TransactionOutcome::kRolledBack : TransactionOutcome::kAborted;
}

}  // namespace pgsluice
