#include "server/transaction_limits.h"

#include <algorithm>

namespace pgsluice {

namespace {

absl::Time WarnAt(absl::Time now, absl::Time limit, absl::Duration warning) {
  if (warning <= absl::ZeroDuration()) return absl::InfiniteFuture();
  return limit - std::min(warning, (limit - now) / 2);
}

}  // namespace

TransactionLimits::TransactionLimits(absl::Duration idle, absl::Duration warning,
                                     absl::Time now)
    : idle_(idle), warning_(warning) {
  OnAnswered(now);
  idle_warning_ = absl::InfiniteFuture();  // There is no transaction yet.
}

void TransactionLimits::OnBegin(absl::Duration idle, absl::Duration total,
                                absl::Time longest, absl::Time now) {
  if (idle > absl::ZeroDuration()) idle_ = std::min(idle_, idle);
  total_until_ = longest;
  if (total > absl::ZeroDuration()) total_until_ = std::min(longest, now + total);
  total_warning_ = WarnAt(now, total_until_, warning_);
  OnAnswered(now);
}

void TransactionLimits::OnAnswered(absl::Time now) {
  idle_until_ = now + idle_;
  idle_warning_ = WarnAt(now, idle_until_, warning_);
}

TransactionEvent TransactionLimits::Take(absl::Time now) {
  if (now >= idle_until_) return TransactionEvent::kIdle;
  if (now >= total_warning_) {
    total_warning_ = absl::InfiniteFuture();
    return TransactionEvent::kTotalSoon;
  }
  if (now >= idle_warning_) {
    idle_warning_ = absl::InfiniteFuture();
    return TransactionEvent::kIdleSoon;
  }
  return TransactionEvent::kNone;
}

absl::Time TransactionLimits::NextLook() const {
  return std::min({idle_until_, idle_warning_, total_warning_});
}

}  // namespace pgsluice
