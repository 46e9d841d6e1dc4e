// Calls that wait for a primary: bounded in number and time, released oldest first and
// only so many at a time, so that a new primary is not run over. Rules file.
//
//   waiting ──Release──▶ under way ──OnDone──▶ (has its session, has failed, or waits
//   anew)
//      └──Expire, Remove──▶
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "absl/time/time.h"

#include "pool/options.h"
#include "pool/wait_queue.h"

namespace pgsluice {

// What a buffered call would be content with.
enum class BufferedFor {
  kPrimary,   // Nothing but the primary.
  kAnything,  // A replica, too: a read that falls back.
};

// Totals since start, but for `now`.
struct FailoverBufferStats {
  size_t now = 0;        // Calls that wait.
  uint64_t total = 0;    // That have waited.
  uint64_t expired = 0;  // In vain.
  uint64_t refused = 0;  // Found no room.
};

class FailoverBuffer final {
 public:
  explicit FailoverBuffer(const FailoverBufferOptions& options) : options_(options) {}

  // Does not send anybody away.
  void Reconfigure(const FailoverBufferOptions& options) { options_ = options; }

  // Absent when there is no room.
  std::optional<WaiterId> Push(BufferedFor wanted, absl::Time deadline);
  // Its call has ended. False when it is not here any more.
  bool Remove(WaiterId id);
  // Takes out those whose deadline has come.
  std::vector<WaiterId> Expire(absl::Time now);
  // Takes out the oldest, as many as may be under way besides those that are.
  std::vector<WaiterId> Release(size_t concurrency);
  // Takes out those who would go elsewhere; they are not throttled.
  std::vector<WaiterId> ReleaseUndemanding();
  // Takes out all.
  std::vector<WaiterId> Clear();
  // One that was released is under way no more.
  void OnDone();

  size_t under_way() const { return under_way_; }
  FailoverBufferStats stats() const;

 private:
  struct Waiting {
    BufferedFor wanted;
    absl::Time deadline;
  };

  FailoverBufferOptions options_;
  std::map<WaiterId, Waiting> waiting_;  // Ids rise: the first is the oldest.
  WaiterId next_id_ = 1;
  size_t under_way_ = 0;
  FailoverBufferStats totals_;
};

}  // namespace pgsluice
