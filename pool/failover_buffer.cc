#include "pool/failover_buffer.h"

namespace pgsluice {

std::optional<WaiterId> FailoverBuffer::Push(BufferedFor wanted, absl::Time deadline) {
  if (waiting_.size() >= options_.size) {
    ++totals_.refused;
    return std::nullopt;
  }
  ++totals_.total;
  waiting_.emplace(next_id_, Waiting{.wanted = wanted, .deadline = deadline});
  return next_id_++;
}

bool FailoverBuffer::Remove(WaiterId id) { return waiting_.erase(id) > 0; }

std::vector<WaiterId> FailoverBuffer::Expire(absl::Time now) {
  std::vector<WaiterId> expired;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (it->second.deadline > now) {
      ++it;
      continue;
    }
    expired.push_back(it->first);
    it = waiting_.erase(it);
  }
  totals_.expired += expired.size();
  return expired;
}

std::vector<WaiterId> FailoverBuffer::Release(size_t concurrency) {
  std::vector<WaiterId> released;
  while (under_way_ < concurrency && !waiting_.empty()) {
    released.push_back(waiting_.begin()->first);
    waiting_.erase(waiting_.begin());
    ++under_way_;
  }
  return released;
}

std::vector<WaiterId> FailoverBuffer::ReleaseUndemanding() {
  std::vector<WaiterId> released;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (it->second.wanted == BufferedFor::kPrimary) {
      ++it;
      continue;
    }
    released.push_back(it->first);
    it = waiting_.erase(it);
  }
  return released;
}

std::vector<WaiterId> FailoverBuffer::Clear() {
  std::vector<WaiterId> all;
  for (const auto& [id, waiting] : waiting_) all.push_back(id);
  waiting_.clear();
  return all;
}

void FailoverBuffer::OnDone() {
  if (under_way_ > 0) --under_way_;
}

FailoverBufferStats FailoverBuffer::stats() const {
  FailoverBufferStats stats = totals_;
  stats.now = waiting_.size();
  return stats;
}

}  // namespace pgsluice
