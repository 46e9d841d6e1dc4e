// What an endpoint's pool has decided under its lock, to be done once that is released:
// nothing is called while it is held. Value.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/time/time.h"

#include "pool/outlier_detector.h"
#include "pool/pooled_session.h"
#include "pool/session.h"
#include "pool/session_event.h"

namespace pgsluice {

struct PoolWork {
  std::vector<std::function<void()>> callbacks;
  std::vector<std::shared_ptr<Session>> close;
  std::vector<int> connect_on;
  std::shared_ptr<Connector> connector;  // Shared with the pool.
  uint64_t epoch = 0;
  absl::Time connect_deadline;
  std::vector<PooledSession*> ping;
  std::vector<SessionEvent> events;
  std::optional<Trouble> trouble;
};

}  // namespace pgsluice
