#include "server/fleet_size.h"

#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/time/time.h"

#include "server/log.h"

namespace pgsluice {

namespace {

constexpr absl::Duration kInterval = absl::Seconds(2);

}  // namespace

std::optional<size_t> ParseFleetSize(std::string_view text) {
  uint32_t size = 0;
  const absl::string_view trimmed =
      absl::StripAsciiWhitespace(absl::string_view(text.data(), text.size()));
  if (!absl::SimpleAtoi(trimmed, &size) || size == 0) return std::nullopt;
  return size;
}

FleetSize::FleetSize(std::string path, size_t first,
                     std::function<void(size_t)> on_change)
    : path_(std::move(path)), on_change_(std::move(on_change)), last_(first) {
  thread_ = std::thread([this] { Run(); });
}

FleetSize::~FleetSize() {
  {
    absl::MutexLock lock(&mutex_);
    is_stopping_ = true;
  }
  thread_.join();
}

void FleetSize::Run() {
  while (true) {
    Look();
    absl::MutexLock lock(&mutex_);
    if (mutex_.AwaitWithTimeout(absl::Condition(&is_stopping_), kInterval)) return;
  }
}

void FleetSize::Look() {
  std::ifstream file(path_);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::optional<size_t> size = ParseFleetSize(text);
  if (!size.has_value()) {
    if (std::exchange(was_readable_, false)) {
      Log(LogLevel::kWarning, "pools.fleet_size_file holds no number; the last one holds",
          {{"file", path_}, {"fleet_size", static_cast<uint64_t>(last_)}});
    }
    return;
  }
  was_readable_ = true;
  if (*size == last_) return;
  Log(LogLevel::kInfo, "the fleet has another size",
      {{"before", static_cast<uint64_t>(last_)}, {"now", static_cast<uint64_t>(*size)}});
  last_ = *size;
  on_change_(*size);
}

}  // namespace pgsluice
