// The span of a dial, within a wait for a session that it has ended. Rules file.
#pragma once

#include <optional>

#include "absl/time/time.h"

#include "server/tracing/span.h"

namespace pgsluice {

struct TimeSpan {
  absl::Time begun;
  absl::Time ended;
};

// What of the wait its session was being dialled in; absent when it was open before.
std::optional<Span> DialSpan(const TimeSpan& wait, const TimeSpan& dial);

}  // namespace pgsluice
