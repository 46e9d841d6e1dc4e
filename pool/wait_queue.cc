#include "pool/wait_queue.h"

namespace pgsluice {

std::optional<WaiterId> WaitQueue::Push(absl::Time enqueued, absl::Time deadline) {
  if (waiters_.size() >= max_waiters_) return std::nullopt;
  const WaiterId id = next_id_++;
  waiters_.emplace(id, Waiter{enqueued, deadline});
  by_deadline_.emplace(deadline, id);
  return id;
}

std::optional<WaiterId> WaitQueue::PopOldest(absl::Time now) {
  for (const auto& [id, waiter] : waiters_) {
    if (waiter.deadline <= now) continue;
    const WaiterId oldest = id;
    Remove(oldest);
    return oldest;
  }
  return std::nullopt;
}

bool WaitQueue::Remove(WaiterId id) {
  const auto found = waiters_.find(id);
  if (found == waiters_.end()) return false;
  by_deadline_.erase({found->second.deadline, id});
  waiters_.erase(found);
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
  by_deadline_.clear();
  return all;
}

std::optional<absl::Time> WaitQueue::oldest_enqueued() const {
  if (waiters_.empty()) return std::nullopt;
  return waiters_.begin()->second.enqueued;
}

std::optional<absl::Time> WaitQueue::next_deadline() const {
  if (by_deadline_.empty()) return std::nullopt;
  return by_deadline_.begin()->first;
}

}  // namespace pgsluice
