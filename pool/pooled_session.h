// What a pool is made of: its sessions, what it depends on, and what it is asked.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"

#include "pool/clock.h"
#include "pool/endpoint.h"
#include "pool/options.h"
#include "pool/outlier_detector.h"
#include "pool/session.h"
#include "pool/session_budget.h"
#include "pool/session_event.h"
#include "pool/session_lifecycle.h"
#include "pool/wait_queue.h"

namespace pgsluice {

// A session as its pool sees it. Fields other than `session`, `dialled_at` and
// `opened_at` belong to the pool's mutex.
struct PooledSession {
  uint64_t id = 0;
  std::shared_ptr<Session> session;  // Shared with its own pending work.
  SessionState state = SessionState::kConnecting;
  absl::Time dialled_at;   // When its dial began; never changes.
  absl::Time opened_at;    // Not before it was; never changes.
  absl::Time idle_since;   // End of its last lease.
  absl::Time answered_at;  // When it was last heard of.
  absl::Time leased_since;
  absl::Time expires_at;
  uint64_t uses = 0;
  LeaseKind kind = LeaseKind::kStatement;  // While leased.
  bool is_stale = false;                   // To be replaced by a new one.
};

enum class PoolState {
  kServing,
  kPaused,  // Gives no lease; who wants one waits.
};

struct EndpointPoolDeps {
  std::string endpoint;
  std::string login = {};  // Its name; empty: the endpoint's own.
  Role role = Role::kUnknown;
  PoolOptions options;
  int shards = 1;
  std::shared_ptr<Connector> connector;  // Shared with connects under way.
  const Clock* clock = nullptr;
  std::shared_ptr<SessionBudget> budget = nullptr;  // Shared by all pools; null: none.
  PoolState state = PoolState::kServing;            // At first.
  // Called without locks, on any thread; may be empty.
  std::function<void(const SessionEvent&)> on_session_event = {};
  // Something went wrong that is the endpoint's fault. As above.
  std::function<void(const Trouble&)> on_trouble = {};
};

struct AcquireRequest {
  int shard = 0;
  absl::Time deadline;
  LeaseKind kind = LeaseKind::kStatement;
  Caller caller = {};
};

}  // namespace pgsluice
