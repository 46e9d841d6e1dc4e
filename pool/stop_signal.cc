#include "pool/stop_signal.h"

#include <algorithm>

namespace pgsluice {

std::string_view StopReasonName(StopReason reason) {
  switch (reason) {
    case StopReason::kNone: return "none";
    case StopReason::kCancelled: return "cancelled";
    case StopReason::kDeadline: return "deadline";
    case StopReason::kTimeout: return "timeout";
    case StopReason::kStalled: return "stalled";
    case StopReason::kDraining: return "draining";
  }
  return "none";
}

void StopSignal::Stop(StopReason reason) {
  if (is_stopped()) return;
  reason_ = reason;
  // A subscriber may end the subscription of another: take them one by one.
  while (!subscribers_.empty()) {
    auto on_stop = std::move(subscribers_.front().second);
    subscribers_.erase(subscribers_.begin());
    on_stop(reason);
  }
}

StopSignal::Subscription StopSignal::Subscribe(std::function<void(StopReason)> on_stop) {
  uint64_t id = next_id_++;
  if (is_stopped()) {
    on_stop(reason_);
  } else {
    subscribers_.emplace_back(id, std::move(on_stop));
  }
  return Subscription(*this, id);
}

void StopSignal::Unsubscribe(uint64_t id) {
  std::erase_if(subscribers_, [id](const auto& entry) { return entry.first == id; });
}

}  // namespace pgsluice
