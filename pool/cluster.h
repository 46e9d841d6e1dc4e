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
#include "pool/cluster_state.h"
#include "pool/endpoint_pool.h"
#include "pool/fresh_reads.h"
#include "pool/lease.h"
#include "pool/options.h"
#include "pool/outlier_detector.h"
#include "pool/pool_selector.h"
#include "pool/primary_wait.h"
#include "pool/replay_watch.h"
#include "pool/route_explanation.h"
#include "pool/routed_lease.h"
#include "pool/router.h"
#include "pool/session_budget.h"
#include "pool/stop_signal.h"
#include "pool/topology.h"

namespace pgsluice {

// Makes the connector of one endpoint, as its login, for one role.
class ConnectorFactory {
 public:
  virtual ~ConnectorFactory() = default;
  virtual std::shared_ptr<Connector> Make(const Endpoint& endpoint, Role role,
                                          const SessionOptions& options) = 0;
};

struct ClusterDeps {
  ClusterOptions options;  // At first.
  int shards = 1;
  ConnectorFactory* connectors = nullptr;
  const Clock* clock = nullptr;
  // Called without locks after every look at the probes, even if nothing has changed; the
  // second is the view.
  std::function<void(const Topology& before, const Topology& after)> on_change;
  // Called without locks; see EndpointPoolDeps.
  std::function<void(const SessionEvent&)> on_session_event = {};
  // Empty: replicas are asked by probes only.
  GaugeFactory make_gauge = {};
  // An endpoint is to blame for something: it should be probed now. Without locks.
  std::function<void()> on_trouble = {};
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

  // Where a call would go now; Explain says, too, why not elsewhere.
  absl::StatusOr<RouteDecision> Decide(const RouteRequest& request)
      ABSL_LOCKS_EXCLUDED(mutex_);
  RouteExplanation Explain(const RouteRequest& request) ABSL_LOCKS_EXCLUDED(mutex_);

  // What a probe found; makes the next topology and with it the pools. Returns false when
  // nobody wants to know of that endpoint any more.
  bool OnProbe(const Endpoint& endpoint, ProbeResult result) ABSL_LOCKS_EXCLUDED(mutex_);
  // One maintenance tick of all pools. Also notices that probes stay away.
  void Maintain() ABSL_LOCKS_EXCLUDED(mutex_);
  // New settings for the pools there are and those to come. Endpoints are told apart by
  // their names. One whose address is another keeps the old one, and its pool, until the
  // new one answers. New session settings renew all sessions.
  void Reconfigure(const ClusterOptions& options) ABSL_LOCKS_EXCLUDED(mutex_);

  // What an operator asks for. One at a time. They return the pools selected, as they are
  // now, or NOT_FOUND for an endpoint that there is not.
  absl::StatusOr<std::vector<PoolStats>> Pause(const PoolSelector& selector)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Fails when an endpoint is still paused by its role.
  absl::StatusOr<std::vector<PoolStats>> Resume(const PoolSelector& selector)
      ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<std::vector<PoolStats>> Reconnect(const PoolSelector& selector)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // The primary of that name has refused a write, as only a standby does: no call is sent
  // there before it is probed again. Not more than once a second, since a caller may have
  // made its own transaction read-only.
  void Doubt(const std::string& endpoint) ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether the endpoint is to show that a new session can be opened.
  bool IsSuspect(const Endpoint& endpoint) const ABSL_LOCKS_EXCLUDED(mutex_);
  // No lease from now on; idle sessions are closed, leased ones on return.
  void Retire() ABSL_LOCKS_EXCLUDED(mutex_);

  Topology topology() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Of the PostgreSQL cluster; empty before an endpoint has answered.
  std::string SystemIdentifier() const ABSL_LOCKS_EXCLUDED(mutex_);
  // The endpoint now accepted as the primary and reachable; absent while there is none.
  std::optional<Endpoint> Primary() const ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<PoolStats> Stats() const ABSL_LOCKS_EXCLUDED(mutex_);
  // With those of pools that are gone, without sizes: summed up by endpoint, login and
  // role, no counter ever falls.
  std::vector<PoolStats> StatsSinceStart() const ABSL_LOCKS_EXCLUDED(mutex_);
  FailoverBufferStats BufferStats() const { return primary_wait_->stats(); }
  OutlierDetector::Counts EjectionCounts() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Sessions that are open or being opened, in all pools.
  size_t CountSessions() const ABSL_LOCKS_EXCLUDED(mutex_);
  Pauses pauses() const ABSL_LOCKS_EXCLUDED(mutex_);
  FreshReadCounts fresh_reads() const;

 private:
  using Member = ClusterMember;
  using State = ClusterState;
  using Pools = std::vector<std::shared_ptr<EndpointPool>>;

  // What waiters of a retired pool end with; never leaves the cluster.
  static absl::Status Reroute() {
    return absl::AbortedError("the endpoint's pool retired");
  }

  std::shared_ptr<const State> state() const ABSL_LOCKS_EXCLUDED(mutex_);
  void Update(absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);
  // False when the endpoint is not one of ours. Takes out the pool of an address that is
  // superseded.
  bool TakeResultLocked(const Endpoint& endpoint, ProbeResult result, State& next,
                        Pools& retire) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeSuccessorLocked(size_t index, ProbeResult result, State& next, Pools& retire)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Makes `next` the state, with the topology that the probes make of it, and its pools.
  std::shared_ptr<const State> AdvanceLocked(State next, absl::Time now, Pools& retire)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Tell(const std::shared_ptr<const State>& before,
            const std::shared_ptr<const State>& after, const Pools& retire)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // An endpoint that stops answering may be behind a link that has gone silent.
  static void WatchTheUnreachable(const State& before, const State& after);
  // Makes the members of `next` those of `endpoints`.
  void FollowEndpointsLocked(const std::vector<Endpoint>& endpoints, State& next,
                             Pools& retire) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Puts the pools of `next` in the order of its logins, and retires those of logins that
  // are gone or others; `before`: the logins that they are in the order of.
  void FollowLoginsLocked(const std::vector<LoginPools>& before, State& next,
                          Pools& retire) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RetireLocked(std::shared_ptr<EndpointPool> pool, Pools& retire)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RetireAllLocked(Member& member, Pools& retire)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::shared_ptr<EndpointPool> MakePool(const State& state, const Endpoint& endpoint,
                                         size_t login, Role role) const;
  std::shared_ptr<Connector> MakeConnector(const State& state, Endpoint endpoint,
                                           size_t login, Role role) const;
  // Those in service, and those that still have sessions.
  Pools AllPoolsLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Remembers what a pool has counted that is no more.
  void BuryLocked(const PoolStats& last) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Those in service that are selected.
  static absl::StatusOr<Pools> Select(const State& state, const PoolSelector& selector);
  // Puts the pauses into effect.
  void SetPauses(const Pauses& pauses) ABSL_LOCKS_EXCLUDED(mutex_);
  // What of the options decides on routes.
  static void TakeRouting(const ClusterOptions& options, State& state);
  static LoadView LoadOf(const State& state, size_t index, size_t login, absl::Time now);
  // Why a login has no pool with the endpoint that was chosen.
  static absl::Status WhyNoPool(const State& state, const RouteDecision& route,
                                size_t login);
  absl::Status WhyNotBuffered(const absl::Status& waited, absl::Duration buffered) const;
  // Sends waiters to where they may be served, or to wait for a primary, or back from it.
  void DirectWaiters(const State& before) ABSL_LOCKS_EXCLUDED(mutex_);
  void SendAwayFromUnreachable(const State& state);
  void OnTrouble(const std::string& endpoint, const Trouble& trouble)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Tells the outlier detector of the replicas, and the replicas what it says.
  void FollowReplicasLocked(absl::Time now, State& next)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Of a session with the endpoint chosen; a waiter's end is told, too.
  asio::awaitable<absl::StatusOr<Lease>> TakeSession(std::shared_ptr<EndpointPool> pool,
                                                     AcquireRequest request,
                                                     absl::Duration patience,
                                                     StopSignal& stop);

  // Conditional reads (cluster_freshness.cc).
  struct FreshRead;
  absl::StatusOr<RouteDecision> Choose(const State& state, const RouteRequest& request,
                                       FreshRead& read);
  void Count(const FreshRead& read, FreshReadEnd end);
  // When it said so.
  std::optional<absl::Time> WhenItMet(const EndpointView& view, const FreshRead& read,
                                      const Lineage& lineage) const;
  asio::awaitable<absl::Status> AwaitFreshness(const State& state,
                                               const RouteRequest& request,
                                               FreshRead& read, absl::Time deadline,
                                               StopSignal& stop);
  bool IsBackedByReading(const Lease& lease, const RouteRequest& request,
                         const RouteDecision& decision, FreshRead& read) const;
  void CountServed(const RouteRequest& request, const RouteDecision& decision,
                   const FreshRead& read);
  EndpointSight SightOf(const State& state, size_t endpoint, absl::Time now) const;
  void WatchReplays();

  const ClusterDeps deps_;
  const std::shared_ptr<SessionBudget> budget_;      // Shared with the pools.
  const std::shared_ptr<PrimaryWait> primary_wait_;  // Shared with calls.
  // Gone when the cluster is.
  const std::shared_ptr<Cluster*> self_ = std::make_shared<Cluster*>(this);
  std::atomic<uint64_t> turn_{0};
  FreshReads fresh_reads_;
  std::unique_ptr<ReplayWatch> watch_;  // Null: replicas are asked by probes only.

  mutable absl::Mutex mutex_;
  // In the order of the state's members.
  std::vector<std::optional<ProbeResult>> latest_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const State> state_ ABSL_GUARDED_BY(mutex_);
  OutlierDetector outliers_ ABSL_GUARDED_BY(mutex_);
  // Retired pools that still have sessions.
  std::vector<std::shared_ptr<EndpointPool>> retired_ ABSL_GUARDED_BY(mutex_);
  // What pools that are gone have counted, one entry for an endpoint, login and role.
  // Bounded: only of endpoints and logins that there still are.
  std::vector<PoolStats> buried_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pgsluice
