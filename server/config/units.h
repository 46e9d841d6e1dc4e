// Durations and sizes as people write them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace pgsluice {

// "250ms", "1.5s", "1h30m", "0". Absent for anything else: negative, infinite, no unit.
std::optional<absl::Duration> ParseDuration(std::string_view text);
std::string DurationText(absl::Duration duration);

// "64KiB", "1.5MiB", "1MB" (1000000), "512B" or "512". Absent for anything else.
std::optional<uint64_t> ParseByteSize(std::string_view text);
// The largest unit that leaves a whole number: "3584KiB".
std::string ByteSizeText(uint64_t bytes);

}  // namespace pgsluice
