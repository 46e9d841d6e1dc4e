#include "pool/wait_queue.h"

#include <algorithm>

namespace pgsluice {

namespace {

// Of a caller with weight 1. As many parts as divide well.
constexpr uint64_t kTurn = 720'720;

}  // namespace

std::optional<WaiterId> WaitQueue::Push(const WaiterInfo& waiter) {
  if (waiters_.size() >= max_waiters_) return std::nullopt;
  const WaiterId id = next_id_++;
  Turn& next = next_turn_[waiter.caller.id];
  const Turn turn = std::max(next, now_serving_);
  const uint32_t weight =
      std::clamp<uint32_t>(waiter.caller.weight, 1, Caller::kMaxWeight);
  next = turn + kTurn / weight;
  waiters_.emplace(id, Waiter{waiter, turn});
  order_[HoldsForLong(waiter.kind)].emplace(turn, id);
  by_deadline_.emplace(waiter.deadline, id);
  return id;
}

std::optional<std::pair<WaitQueue::Turn, WaiterId>> WaitQueue::Next(
    bool holds, absl::Time now) const {
  for (const auto& entry : order_[holds]) {
    if (waiters_.at(entry.second).info.deadline > now) return entry;
  }
  return std::nullopt;
}

std::optional<WaiterId> WaitQueue::PopNext(absl::Time now, bool may_hold) {
  auto next = Next(false, now);
  if (may_hold) {
    const auto holder = Next(true, now);
    if (holder.has_value() && (!next.has_value() || *holder < *next)) next = holder;
  }
  if (!next.has_value()) return std::nullopt;
  now_serving_ = std::max(now_serving_, next->first);
  Remove(next->second);
  return next->second;
}

bool WaitQueue::Remove(WaiterId id) {
  const auto found = waiters_.find(id);
  if (found == waiters_.end()) return false;
  const Waiter& waiter = found->second;
  by_deadline_.erase({waiter.info.deadline, id});
  order_[HoldsForLong(waiter.info.kind)].erase({waiter.turn, id});
  // Who has had all its turns needs no place in the books.
  const auto turns = next_turn_.find(waiter.info.caller.id);
  if (turns != next_turn_.end() && turns->second <= now_serving_) next_turn_.erase(turns);
  waiters_.erase(found);
  if (waiters_.empty()) next_turn_.clear();
  return true;
}

std::vector<WaiterId> WaitQueue::Expire(absl::Time now) {
  std::vector<WaiterId> expired;
  while (!by_deadline_.empty() && by_deadline_.begin()->first <= now) {
    expired.push_back(by_deadline_.begin()->second);
    Remove(expired.back());
  }
  return expired;
}

std::vector<WaiterId> WaitQueue::Clear() {
  std::vector<WaiterId> all;
  for (const auto& [id, waiter] : waiters_) all.push_back(id);
  waiters_.clear();
  for (auto& order : order_) order.clear();
  by_deadline_.clear();
  next_turn_.clear();
  return all;
}

std::optional<absl::Time> WaitQueue::oldest_enqueued() const {
  if (waiters_.empty()) return std::nullopt;
  return waiters_.begin()->second.info.enqueued;
}

}  // namespace pgsluice
