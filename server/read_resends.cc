#include "server/read_resends.h"

namespace pgsluice {

void ReadResends::OnRead(int shard, const ResendOptions& options) {
  of_shard_[static_cast<size_t>(shard)].budget.Earn(options);
}

bool ReadResends::TakeOne(int shard, const ResendOptions& options) {
  if (options.percent == 0) return false;  // Not wanted, and so not refused.
  OfShard& own = of_shard_[static_cast<size_t>(shard)];
  const bool may = own.budget.Spend(options);
  (may ? own.resent : own.refused).fetch_add(1, std::memory_order_relaxed);
  return may;
}

ReadResends::Totals ReadResends::totals() const {
  Totals totals;
  for (const OfShard& shard : of_shard_) {
    totals.resent += shard.resent.load(std::memory_order_relaxed);
    totals.refused += shard.refused.load(std::memory_order_relaxed);
  }
  return totals;
}

}  // namespace pgsluice
