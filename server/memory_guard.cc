#include "server/memory_guard.h"

#include <utility>

namespace pgsluice {

void MemoryGuard::set_max_bytes(uint64_t max_bytes) {
  if (max_bytes == max_bytes_) return;
  max_bytes_ = max_bytes;
  mark_ = max_bytes;
  has_sample_ = false;
}

MemoryGuard::Step MemoryGuard::Next(uint64_t resident_bytes) {
  if (!is_on()) return Step::kRest;
  if (resident_bytes <= max_bytes_) mark_ = max_bytes_;
  if (resident_bytes <= mark_) {
    has_sample_ = false;
    return Step::kRest;
  }
  if (!std::exchange(has_sample_, true)) return Step::kSample;
  has_sample_ = false;
  mark_ = resident_bytes + kStepBytes;
  return Step::kCut;
}

std::optional<int> LoudestOf(const ReceivedByDescriptor& before,
                             const ReceivedByDescriptor& after) {
  std::optional<int> loudest;
  uint64_t most = MemoryGuard::kLoudBytes;
  for (const auto& [descriptor, now] : after) {
    const auto found = before.find(descriptor);
    const bool is_same = found != before.end() && found->second.inode == now.inode;
    const uint64_t bytes = is_same ? now.bytes - found->second.bytes : now.bytes;
    if (bytes + now.unread < most) continue;
    most = bytes + now.unread;
    loudest = descriptor;
  }
  return loudest;
}

}  // namespace pgsluice
