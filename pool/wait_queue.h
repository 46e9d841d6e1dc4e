// Who waits for a session, in order of arrival, each with a deadline. Rules file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace pgsluice {

using WaiterId = uint64_t;

class WaitQueue final {
 public:
  explicit WaitQueue(size_t max_waiters) : max_waiters_(max_waiters) {}

  // Absent when the queue is full.
  std::optional<WaiterId> Push(absl::Time enqueued, absl::Time deadline);
  // Takes out the oldest whose deadline is still ahead; the others stay for Expire.
  std::optional<WaiterId> PopOldest(absl::Time now);
  // False when it is not queued any more.
  bool Remove(WaiterId id);
  // Takes out all whose deadline has come.
  std::vector<WaiterId> Expire(absl::Time now);
  // Takes out all.
  std::vector<WaiterId> Clear();

  size_t size() const { return waiters_.size(); }
  std::optional<absl::Time> oldest_enqueued() const;
  std::optional<absl::Time> next_deadline() const;

 private:
  struct Waiter {
    absl::Time enqueued;
    absl::Time deadline;
  };

  const size_t max_waiters_;
  WaiterId next_id_ = 1;
  std::map<WaiterId, Waiter> waiters_;  // Ids rise: the first is the oldest.
  std::set<std::pair<absl::Time, WaiterId>> by_deadline_;
};

}  // namespace pgsluice
