#include "server/config/units.h"

#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace pgsluice {

namespace {

struct ByteUnit {
  std::string_view name;
  uint64_t bytes;
};

constexpr uint64_t kKibi = 1024;
constexpr ByteUnit kByteUnits[] = {
    {"TiB", kKibi* kKibi* kKibi* kKibi},
    {"GiB", kKibi* kKibi* kKibi},
    {"MiB", kKibi* kKibi},
    {"KiB", kKibi},
    {"GB", 1000000000},
    {"MB", 1000000},
    {"KB", 1000},
    {"B", 1},
};
// Far above any setting, and exact as a double.
constexpr double kMostBytes = 1e15;

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && absl::ascii_isspace(text.front())) text.remove_prefix(1);
  while (!text.empty() && absl::ascii_isspace(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<absl::Duration> ParseDuration(std::string_view text) {
  const std::string trimmed(Trimmed(text));
  absl::Duration duration;
  if (!absl::ParseDuration(trimmed, &duration)) return std::nullopt;
  if (duration < absl::ZeroDuration() || duration == absl::InfiniteDuration()) {
    return std::nullopt;
  }
  return duration;
}

std::string DurationText(absl::Duration duration) {
  return absl::FormatDuration(duration);
}

std::optional<uint64_t> ParseByteSize(std::string_view text) {
  std::string_view number = Trimmed(text);
  uint64_t unit_bytes = 1;
  for (const ByteUnit& unit : kByteUnits) {
    if (!absl::EndsWithIgnoreCase({number.data(), number.size()},
                                  {unit.name.data(), unit.name.size()})) {
      continue;
    }
    unit_bytes = unit.bytes;
    number = Trimmed(number.substr(0, number.size() - unit.name.size()));
    break;
  }
  if (number.empty()) return std::nullopt;
  for (char c : number) {
    if (!absl::ascii_isdigit(c) && c != '.') return std::nullopt;
  }
  double count = 0;
  if (!absl::SimpleAtod({number.data(), number.size()}, &count)) return std::nullopt;
  const double bytes = count * static_cast<double>(unit_bytes);
  if (bytes > kMostBytes || bytes != std::floor(bytes)) return std::nullopt;
  return static_cast<uint64_t>(bytes);
}

std::string ByteSizeText(uint64_t bytes) {
  for (const ByteUnit& unit : kByteUnits) {
    const bool is_binary = unit.bytes % kKibi == 0;
    if (!is_binary || bytes == 0 || bytes % unit.bytes != 0) continue;
    return absl::StrCat(bytes / unit.bytes, std::string(unit.name));
  }
  return absl::StrCat(bytes);
}

}  // namespace pgsluice
