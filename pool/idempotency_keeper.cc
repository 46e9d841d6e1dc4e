#include "pool/idempotency_keeper.h"

#include <algorithm>
#include <string>

#include "absl/random/random.h"

#include "pool/error_idempotency.h"
#include "pool/idempotency_sql.h"

namespace pgsluice {

namespace {

// As long as there is no primary.
constexpr absl::Duration kLookForPrimary = absl::Milliseconds(50);
// After a failure.
constexpr absl::Duration kLookAgain = absl::Seconds(1);
// Gateways that started together shall not sweep together.
constexpr double kJitter = 0.2;

}  // namespace

IdempotencyKeeper::IdempotencyKeeper(IdempotencyKeeperDeps deps)
    : deps_(std::move(deps)), upkeep_(deps_.upkeep), thread_([this] { Run(); }) {}

IdempotencyKeeper::~IdempotencyKeeper() {
  is_stopping_ = true;
  Nudge();
  thread_.join();
}

std::optional<absl::Status> IdempotencyKeeper::verdict() const {
  absl::MutexLock lock(&mutex_);
  return verdict_;
}

void IdempotencyKeeper::Nudge() {
  absl::MutexLock lock(&mutex_);
  is_nudged_ = true;
}

void IdempotencyKeeper::Reconfigure(const IdempotencyUpkeep& upkeep) {
  absl::MutexLock lock(&mutex_);
  if (upkeep_ == upkeep) return;
  upkeep_ = upkeep;
  is_nudged_ = true;
}

void IdempotencyKeeper::Run() {
  while (!is_stopping_) {
    IdempotencyUpkeep upkeep;
    {
      absl::MutexLock lock(&mutex_);
      upkeep = upkeep_;
      is_nudged_ = false;
    }
    const absl::Duration wait = Round(upkeep);
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(&is_nudged_), wait);
  }
}

absl::Duration IdempotencyKeeper::Round(const IdempotencyUpkeep& upkeep) {
  const std::optional<Endpoint> primary = deps_.primary();
  if (!primary.has_value()) return kLookForPrimary;
  const absl::Status looked = deps_.store->Look(
      *primary, upkeep.creates_table ? IfNoTable::kCreate : IfNoTable::kLeave);
  Judge(looked);
  absl::StatusOr<bool> has_more = looked.ok();
  while (has_more.ok() && *has_more && !is_stopping_) {
    has_more = deps_.store->Sweep(*primary, upkeep.retention);
  }
  deps_.store->Rest();
  if (!looked.ok() || !has_more.ok()) return std::min(kLookAgain, upkeep.sweep_interval);
  absl::BitGen random;
  return upkeep.sweep_interval * absl::Uniform(random, 1 - kJitter, 1 + kJitter);
}

void IdempotencyKeeper::Judge(const absl::Status& looked) {
  absl::Status verdict = absl::OkStatus();
  if (!looked.ok()) {
    verdict = IdempotencyTableUnusable(QualifiedName(deps_.table),
                                       std::string(looked.message()));
  }
  {
    absl::MutexLock lock(&mutex_);
    // A server that does not answer says nothing about its table.
    if (absl::IsUnavailable(looked) && verdict_.has_value() && verdict_->ok()) return;
    if (verdict_ == verdict) return;
    verdict_ = verdict;
  }
  deps_.on_change(verdict);
}

}  // namespace pgsluice
