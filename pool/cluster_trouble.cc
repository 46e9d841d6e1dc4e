// What a cluster does about endpoints that fail calls: ejects replicas, doubts a primary.
#include <utility>

#include "pool/cluster.h"

namespace pgsluice {

namespace {

// Between two doubts of one primary.
constexpr absl::Duration kDoubtInterval = absl::Seconds(1);

bool IsUsableReplica(const EndpointView& view) {
  return view.role == Role::kReplica && view.is_reachable && !view.lag_gate.is_out &&
         view.weight > 0;
}

}  // namespace

void Cluster::TakeRouting(const ClusterOptions& options, State& state) {
  const FailoverBufferOptions& buffer = options.failover_buffer;
  state.buffer = buffer;
  state.zone = options.zone;
  state.freshness_wait = options.freshness_wait;
  state.topology_options.probe_timeout = options.probe.timeout;
  state.topology_options.lag_bound = options.lag_bound;
  state.topology_options.privileged_login = options.privileged_login;
  // A failover that is not over by then, is none: calls are told at once.
  state.topology_options.patience =
      buffer.size > 0 ? 2 * buffer.time : absl::ZeroDuration();
}

void Cluster::FollowReplicasLocked(absl::Time now, State& next) {
  std::vector<Peer> replicas;
  for (size_t i = 0; i < next.members.size(); ++i) {
    const Endpoint& endpoint = next.members[i].endpoint;
    EndpointView& view = next.topology.endpoints[i];
    view.weight = endpoint.weight;
    view.is_near = !next.zone.empty() && endpoint.zone == next.zone;
    if (view.role != Role::kReplica) continue;
    replicas.push_back({.name = view.name, .is_usable = IsUsableReplica(view)});
    if (view.is_reachable) {
      outliers_.OnAnswer(view.name, view.last->is_new_session, view.last->begun, now);
    }
  }
  outliers_.Follow(std::move(replicas));
  for (EndpointView& view : next.topology.endpoints) {
    view.ejection = outliers_.EjectionOf(view.name);
  }
}

void Cluster::OnTrouble(const std::string& endpoint, const Trouble& trouble) {
  const absl::Time now = deps_.clock->Now();
  bool is_ejected = false;
  {
    absl::MutexLock lock(&mutex_);
    is_ejected = outliers_.OnTrouble(endpoint, trouble, now);
  }
  if (is_ejected) Update(now);
  if (deps_.on_trouble) deps_.on_trouble();
}

// In one step: no call sees a doubted primary that is not awaited.
void Cluster::Doubt(const std::string& endpoint) {
  const absl::Time now = deps_.clock->Now();
  std::shared_ptr<const State> before;
  std::shared_ptr<const State> after;
  Pools retire;
  {
    absl::MutexLock lock(&mutex_);
    before = state_;
    State next = *before;
    const std::optional<size_t> primary = next.topology.primary;
    if (!primary.has_value()) return;
    EndpointView& view = next.topology.endpoints[*primary];
    const bool is_too_soon =
        view.doubted_last.has_value() && now - *view.doubted_last < kDoubtInterval;
    if (view.name != endpoint || is_too_soon) return;
    view.doubted_at = view.doubted_last = now;
    after = AdvanceLocked(std::move(next), now, retire);
  }
  Tell(before, after, retire);
}

bool Cluster::IsSuspect(const Endpoint& endpoint) const {
  absl::MutexLock lock(&mutex_);
  return outliers_.EjectionOf(endpoint.name).has_value();
}

OutlierDetector::Counts Cluster::EjectionCounts() const {
  absl::MutexLock lock(&mutex_);
  return outliers_.counts();
}

}  // namespace pgsluice
