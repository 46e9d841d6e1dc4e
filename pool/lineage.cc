#include "pool/lineage.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

#include "pool/commit_outcome.h"

namespace pgsluice {

TimelineHistory ParseHistory(uint32_t timeline, std::string_view text) {
  TimelineHistory history{.timeline = timeline, .ends = {}};
  for (absl::string_view line :
       absl::StrSplit(absl::string_view(text.data(), text.size()), '\n')) {
    const std::vector<absl::string_view> fields =
        absl::StrSplit(line, absl::ByAnyChar("\t "), absl::SkipEmpty());
    uint32_t ancestor = 0;
    if (fields.size() < 2 || !absl::SimpleAtoi(fields[0], &ancestor)) continue;
    const std::optional<uint64_t> end = ParseLsn({fields[1].data(), fields[1].size()});
    if (end.has_value()) history.ends.push_back({ancestor, *end, *end});
  }
  return history;
}

const TimelineEnd* Lineage::EndOf(uint32_t ancestor) const {
  const auto end = std::find_if(
      ends.begin(), ends.end(),
      [ancestor](const TimelineEnd& one) { return one.timeline == ancestor; });
  return end == ends.end() ? nullptr : &*end;
}

Lineage NextLineage(const Lineage& before, const WalPosition& primary,
                    const TimelineHistory* history,
                    const std::optional<WalPosition>& before_promotion) {
  if (history != nullptr && history->timeline == primary.timeline) {
    return {.timeline = primary.timeline, .ends = history->ends, .is_complete = true};
  }
  if (before.timeline == primary.timeline) return before;
  Lineage next{.timeline = primary.timeline, .ends = {}, .is_complete = false};
  const bool is_direct =
      before_promotion.has_value() && before_promotion->timeline + 1 == primary.timeline;
  if (!is_direct) return next;
  // What is known of the ancestors of the timeline that it came from.
  if (before.timeline == before_promotion->timeline) {
    next.ends = before.ends;
    next.is_complete = before.is_complete;
  }
  next.ends.push_back({before_promotion->timeline, before_promotion->lsn, primary.lsn});
  return next;
}

}  // namespace pgsluice
