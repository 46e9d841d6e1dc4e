#include "pool/read_resend.h"

#include <algorithm>

#include "pool/error.h"

namespace pgsluice {

namespace {

constexpr uint64_t kWholeRead = 100;

// A replica cancels what keeps it from replaying: with 40001, or with 40P01 when both
// wait for each other's buffers. It knows no other serialization failure.
bool IsRecoveryConflict(const ErrorDetails& details, Role role) {
  if (role != Role::kReplica || !details.postgres.has_value()) return false;
  return details.postgres->sqlstate == "40001" || details.postgres->sqlstate == "40P01";
}

}  // namespace

bool MaySucceedElsewhere(const absl::Status& failure, Role role) {
  const auto details = DetailsOf(failure);
  if (!details.has_value()) return false;
  if (details->retry_scope != RetryScope::kStatement) return false;
  return details->reason == "SESSION_LOST" || IsRecoveryConflict(*details, role);
}

void ResendBudget::Earn(const ResendOptions& options) {
  balance_ = std::min(balance_ + options.percent, options.burst * kWholeRead);
}

bool ResendBudget::Spend(const ResendOptions& options) {
  if (options.percent == 0 || balance_ < kWholeRead) return false;
  balance_ -= kWholeRead;
  return true;
}

}  // namespace pgsluice
