// Who waits for a session: in order of arrival among the calls of one caller, callers in
// turns, each waiter with a deadline. Rules file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace pgsluice {

using WaiterId = uint64_t;

// What a session is wanted for. Transactions, and streams of rows, hold theirs for as
// long as their callers take, so that they may have a share of the pool only.
enum class LeaseKind { kStatement, kTransaction, kStream };

inline bool HoldsForLong(LeaseKind kind) { return kind != LeaseKind::kStatement; }

// Calls with the same id queue behind each other; of two callers that both wait, one gets
// as many more turns than the other as its weight is higher.
struct Caller {
  Caller(uint64_t its_id = 0, uint32_t its_weight = 1)  // NOLINT: a number will do.
      : id(its_id), weight(its_weight) {}

  uint64_t id;
  uint32_t weight;  // 1 to kMaxWeight.

  static constexpr uint32_t kMaxWeight = 1000;
};

struct WaiterInfo {
  absl::Time enqueued;
  absl::Time deadline;
  LeaseKind kind = LeaseKind::kStatement;
  Caller caller = {};
};

class WaitQueue final {
 public:
  explicit WaitQueue(size_t max_waiters) : max_waiters_(max_waiters) {}

  // Does not send anybody away.
  void set_max_waiters(size_t max_waiters) { max_waiters_ = max_waiters; }

  // Absent when the queue is full.
  std::optional<WaiterId> Push(const WaiterInfo& waiter);
  // Takes out who is next, of those whose deadline is still ahead; the others stay for
  // Expire. Without `may_hold`, the next that does not hold it for long.
  std::optional<WaiterId> PopNext(absl::Time now, bool may_hold);
  // False when it is not queued any more.
  bool Remove(WaiterId id);
  // Takes out all whose deadline has come.
  std::vector<WaiterId> Expire(absl::Time now);
  // Takes out all.
  std::vector<WaiterId> Clear();

  size_t size() const { return waiters_.size(); }
  // Of those that hold a session for long, or of the others.
  size_t size(bool holds) const { return order_[holds].size(); }
  std::optional<absl::Time> oldest_enqueued() const;

 private:
  // Start-time fair queueing: each waiter's turn is one after its caller's last (with a
  // weight, that part of one), and not before what is being served now. With one caller
  // that is the order of arrival.
  using Turn = uint64_t;
  struct Waiter {
    WaiterInfo info;
    Turn turn;
  };

  std::optional<std::pair<Turn, WaiterId>> Next(bool holds, absl::Time now) const;

  size_t max_waiters_;
  WaiterId next_id_ = 1;
  std::map<WaiterId, Waiter> waiters_;  // Ids rise: the first is the oldest.
  std::array<std::set<std::pair<Turn, WaiterId>>, 2> order_;  // By HoldsForLong.
  std::set<std::pair<absl::Time, WaiterId>> by_deadline_;
  Turn now_serving_ = 0;
  std::unordered_map<uint64_t, Turn> next_turn_;  // By caller; of those that wait.
};

}  // namespace pgsluice
