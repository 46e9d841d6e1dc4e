#include "server/tracing/dial_span.h"

#include <algorithm>

namespace pgsluice {

std::optional<Span> DialSpan(const TimeSpan& wait, const TimeSpan& dial) {
  if (dial.ended < wait.begun || dial.ended > wait.ended) return std::nullopt;
  return Span{.name = "dial",
              .begun = std::max(wait.begun, std::min(dial.begun, dial.ended)),
              .ended = dial.ended};
}

}  // namespace pgsluice
