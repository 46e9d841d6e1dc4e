// The facade of pool/: endpoints, their roles, their pools, and the way to a lease.
// Thread-safe.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "asio/awaitable.hpp"

#include "pool/clock.h"
#include "pool/endpoint_pool.h"
#include "pool/lease.h"
#include "pool/options.h"
#include "pool/router.h"
#include "pool/session_budget.h"
#include "pool/stop_signal.h"
#include "pool/topology.h"

namespace pgsluice {

// Makes the connector of one endpoint for one role.
class ConnectorFactory {
 public:
  virtual ~ConnectorFactory() = default;
  virtual std::shared_ptr<Connector> Make(const Endpoint& endpoint, Role role) = 0;
};

struct ClusterDeps {
  ClusterOptions options;
  int shards = 1;
  ConnectorFactory* connectors = nullptr;
  const Clock* clock = nullptr;
  // Called without locks after every look at the probes, even if nothing has changed; the
  // second is the view.
  std::function<void(const Topology& before, const Topology& after)> on_change;
  // Called without locks; see EndpointPoolDeps.
  std::function<void(const SessionEvent&)> on_session_event = {};
};

// Lease and the reason for its endpoint.
struct RoutedLease {
  Lease lease;
  std::string_view reason;
};

class Cluster final {
 public:
  explicit Cluster(ClusterDeps deps);
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // Routes, then waits for a session until `deadline` (or the pool's own time-out), or
  // until `stop`. Resumes on the caller's executor.
  asio::awaitable<absl::StatusOr<RoutedLease>> Acquire(RouteRequest request, int shard,
                                                       absl::Time deadline,
                                                       StopSignal& stop);

  // What a probe found; makes the next topology and with it the pools.
  void OnProbe(size_t endpoint, ProbeResult result) ABSL_LOCKS_EXCLUDED(mutex_);
  // One maintenance tick of all pools. Also notices that probes stay away.
  void Maintain() ABSL_LOCKS_EXCLUDED(mutex_);
  // New sizes, timeouts and limits for the pools there are and those to come.
  void Reconfigure(const PoolsOptions& options) ABSL_LOCKS_EXCLUDED(mutex_);
  // No lease from now on; idle sessions are closed, leased ones on return.
  void Retire() ABSL_LOCKS_EXCLUDED(mutex_);

  Topology topology() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Of the PostgreSQL cluster; empty before an endpoint has answered.
  std::string SystemIdentifier() const ABSL_LOCKS_EXCLUDED(mutex_);
  // The endpoint now accepted as the primary and reachable; absent while there is none.
  std::optional<Endpoint> Primary() const ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<PoolStats> Stats() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Sessions that are open or being opened, in all pools.
  size_t CountSessions() const ABSL_LOCKS_EXCLUDED(mutex_);
  const ClusterOptions& options() const { return deps_.options; }

 private:
  // Immutable; replaced as a whole.
  struct State {
    Topology topology;
    // Per endpoint; null while its role is unknown. Shared with leases.
    std::vector<std::shared_ptr<EndpointPool>> pools;
    // This gateway's share of what is configured.
    PoolsOptions options;
    bool is_draining = false;
  };

  std::shared_ptr<const State> state() const ABSL_LOCKS_EXCLUDED(mutex_);
  void Update(absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);
  std::shared_ptr<EndpointPool> MakePool(size_t endpoint, Role role,
                                         const PoolsOptions& options) const;
  absl::StatusOr<RouteDecision> Choose(const State& state, const RouteRequest& request);

  const ClusterDeps deps_;
  const std::shared_ptr<SessionBudget> budget_;  // Shared with the pools.
  std::atomic<uint64_t> turn_{0};

  mutable absl::Mutex mutex_;
  std::vector<std::optional<ProbeResult>> latest_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const State> state_ ABSL_GUARDED_BY(mutex_);
  // Retired pools that still have sessions.
  std::vector<std::shared_ptr<EndpointPool>> retired_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pgsluice
