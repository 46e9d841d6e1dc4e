// How the cluster's timelines came one from the other, as far as that is known. Rules
// file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pool/wal_position.h"

namespace pgsluice {

// Where a timeline was left for the next one.
struct TimelineEnd {
  uint32_t timeline = 0;
  // It lies between the two, both included.
  uint64_t at_least = 0;
  uint64_t at_most = 0;

  bool operator==(const TimelineEnd&) const = default;
};

// What a server says of the timelines before its own.
struct TimelineHistory {
  uint32_t timeline = 0;
  std::vector<TimelineEnd> ends;  // Of all its ancestors.
};

// Of the text of `timeline`'s history file.
TimelineHistory ParseHistory(uint32_t timeline, std::string_view text);

// The history of the primary's timeline.
struct Lineage {
  uint32_t timeline = 0;  // 0: no primary has been seen yet.
  std::vector<TimelineEnd> ends;
  // `ends` has all ancestors: a timeline that is not there is none.
  bool is_complete = false;

  // Null when that timeline is not known to be an ancestor.
  const TimelineEnd* EndOf(uint32_t ancestor) const;
  bool operator==(const Lineage&) const = default;
};

// `primary`: where it is; `history`: what it says, null if that may not be read.
// `before_promotion`: how far the same server had replayed when it was last seen as a
// replica, and what timeline it was known to have come to then; absent if it was none.
//
// Without the history file there is still what was seen: a server's new timeline is
// later than the one it was on, so that one that follows `before_promotion` at once came
// from there, and not before what had been replayed.
Lineage NextLineage(const Lineage& before, const WalPosition& primary,
                    const TimelineHistory* history,
                    const std::optional<WalPosition>& before_promotion);

}  // namespace pgsluice
