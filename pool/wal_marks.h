// Where the primary's WAL was at moments past: by them it is told how old what a replica
// shows may be, by the gateway's own clock. Rules file.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "absl/time/time.h"

#include "pool/wal_position.h"

namespace pgsluice {

// What was committed before `at` lies before `position`.
struct WalMark {
  absl::Time at;
  WalPosition position;
};

// Immutable: With makes another.
class WalMarks final {
 public:
  // One that says what the latest says already only moves that one on: while nothing is
  // written, nobody falls behind. Old ones are thinned out as they become many.
  WalMarks With(const WalMark& mark) const;

  // In the order of time.
  const std::vector<WalMark>& all() const;
  // Those not before `time`: who has replayed one of them shows all that was committed
  // before then.
  std::span<const WalMark> Since(absl::Time time) const;

 private:
  // Shared by the copies.
  std::shared_ptr<const std::vector<WalMark>> marks_;
};

}  // namespace pgsluice
