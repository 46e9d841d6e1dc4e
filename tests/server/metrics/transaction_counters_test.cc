#include "server/metrics/transaction_counters.h"

#include "gtest/gtest.h"

#include "pool/error.h"

namespace pgsluice {
namespace {

absl::Status Failure(Blame blame, Outcome outcome) {
  return MakeError(absl::StatusCode::kAborted, "it failed",
                   {.reason = "TEST", .blame = blame, .outcome = outcome});
}

TEST(TransactionCounters, TellWhoseFaultAnEndWas) {
  EXPECT_EQ(OutcomeOfFailure(Failure(Blame::kStatement, Outcome::kRolledBack)),
            TransactionOutcome::kRolledBack);
  EXPECT_EQ(OutcomeOfFailure(Failure(Blame::kSession, Outcome::kRolledBack)),
            TransactionOutcome::kAborted);
  EXPECT_EQ(OutcomeOfFailure(Failure(Blame::kEndpoint, Outcome::kUnknown)),
            TransactionOutcome::kUnknown);
  EXPECT_EQ(OutcomeOfFailure(Failure(Blame::kStatement, Outcome::kNotStarted)),
            TransactionOutcome::kAborted);
  EXPECT_EQ(OutcomeOfFailure(absl::CancelledError("")), TransactionOutcome::kAborted);
}

TEST(TransactionCounters, KeepStreamsAndBatchesApart) {
  TransactionCounters counters;
  counters.Count(TransactionKind::kStream, TransactionOutcome::kUnknown,
                 absl::Seconds(2));

  const auto& streams = counters.of(TransactionKind::kStream);
  EXPECT_EQ(streams.ended[static_cast<size_t>(TransactionOutcome::kUnknown)].value(), 1u);
  EXPECT_EQ(streams.time.value().count(), 1u);
  EXPECT_EQ(counters.of(TransactionKind::kBatch).time.value().count(), 0u);
}

}  // namespace
}  // namespace pgsluice
