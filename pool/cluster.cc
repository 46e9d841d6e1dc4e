#include "pool/cluster.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "pool/error.h"
#include "pool/wait_prediction.h"

namespace pgsluice {

Cluster::Cluster(ClusterDeps deps)
    : deps_(std::move(deps)),
      budget_(std::make_shared<SessionBudget>(
          ShareOf(deps_.options.pools).max_sessions_total)),
      primary_wait_(
          std::make_shared<PrimaryWait>(deps_.options.failover_buffer, deps_.clock)),
      outliers_(deps_.options.ejection) {
  if (deps_.make_gauge) watch_ = std::make_unique<ReplayWatch>(deps_.make_gauge);
  auto state = std::make_shared<State>();
  state->options = ShareOf(deps_.options.pools);
  state->session = deps_.options.session;
  TakeRouting(deps_.options, *state);
  state->topology.primary_problem = "no endpoint has been probed yet";
  Pools none;
  absl::MutexLock lock(&mutex_);
  FollowEndpointsLocked(deps_.options.endpoints, *state, none);
  FollowLoginsLocked({}, *state, none);
  state->topology.generation = 0;
  state_ = std::move(state);
}

std::shared_ptr<const Cluster::State> Cluster::state() const {
  absl::MutexLock lock(&mutex_);
  return state_;
}

std::shared_ptr<Connector> Cluster::MakeConnector(const State& state, Endpoint endpoint,
                                                  size_t login, Role role) const {
  if (login > 0) endpoint.login = *state.options.LoginAt(login);
  return deps_.connectors->Make(endpoint, role, state.session);
}

std::shared_ptr<EndpointPool> Cluster::MakePool(const State& state,
                                                const Endpoint& endpoint, size_t login,
                                                Role role) const {
  const NamedLogin* named = state.options.LoginAt(login);
  return std::make_shared<EndpointPool>(EndpointPoolDeps{
      .endpoint = endpoint.name,
      .login = named == nullptr ? "" : named->name,
      .role = role,
      .options = state.options.OfRole(role, login),
      .shards = deps_.shards,
      .connector = MakeConnector(state, endpoint, login, role),
      .clock = deps_.clock,
      .budget = budget_,
      .state = state.pauses.Covers(endpoint.name, role) ? PoolState::kPaused
                                                        : PoolState::kServing,
      .on_session_event = deps_.on_session_event,
      .on_trouble = [self = std::weak_ptr<Cluster*>(self_),
                     name = endpoint.name](const Trouble& trouble) {
        // A session may come back when the cluster is gone.
        if (const auto cluster = self.lock()) (*cluster)->OnTrouble(name, trouble);
      }});
}

bool Cluster::OnProbe(const Endpoint& endpoint, ProbeResult result) {
  const absl::Time now = deps_.clock->Now();
  std::shared_ptr<const State> before;
  std::shared_ptr<const State> after;
  Pools retire;
  {
    absl::MutexLock lock(&mutex_);
    before = state_;
    State next = *before;
    if (!TakeResultLocked(endpoint, std::move(result), next, retire)) return false;
    after = AdvanceLocked(std::move(next), now, retire);
  }
  Tell(before, after, retire);
  return true;
}

void Cluster::Update(absl::Time now) {
  std::shared_ptr<const State> before;
  std::shared_ptr<const State> after;
  Pools retire;
  {
    absl::MutexLock lock(&mutex_);
    before = state_;
    after = AdvanceLocked(*before, now, retire);
  }
  Tell(before, after, retire);
}

// In one step: no call sees a role whose pool is not there.
std::shared_ptr<const Cluster::State> Cluster::AdvanceLocked(State next, absl::Time now,
                                                             Pools& retire) {
  if (next.is_draining) return state_;
  ++next.version;
  next.topology = NextTopology(next.topology, latest_, next.topology_options, now);
  FollowReplicasLocked(now, next);
  for (size_t i = 0; i < next.members.size(); ++i) {
    Member& member = next.members[i];
    for (size_t login = 0; login < member.pools.size(); ++login) {
      std::shared_ptr<EndpointPool>& pool = member.pools[login];
      const bool is_refused = !next.WhyLoginRefused(login, i).empty();
      const Role role = is_refused ? Role::kUnknown : next.topology.endpoints[i].role;
      const Role served = pool == nullptr ? Role::kUnknown : pool->role();
      if (role == served) continue;
      RetireLocked(std::exchange(pool, nullptr), retire);
      if (role != Role::kUnknown) pool = MakePool(next, member.endpoint, login, role);
    }
  }
  state_ = std::make_shared<const State>(std::move(next));
  return state_;
}

void Cluster::Tell(const std::shared_ptr<const State>& before,
                   const std::shared_ptr<const State>& after, const Pools& retire) {
  for (const auto& pool : retire) pool->Retire(CloseReason::kRetired, Reroute());
  WatchTheUnreachable(*before, *after);
  WatchReplays();
  DirectWaiters(*before);
  if (after != before && deps_.on_change) {
    deps_.on_change(before->topology, after->topology);
  }
}

void Cluster::WatchTheUnreachable(const State& before, const State& after) {
  if (before.members.size() != after.members.size()) return;
  for (size_t i = 0; i < after.members.size(); ++i) {
    const bool was_reachable = before.topology.endpoints[i].is_reachable;
    if (!was_reachable || after.topology.endpoints[i].is_reachable) continue;
    const Pools& old = before.members[i].pools;
    for (const auto& pool : after.members[i].pools) {
      const bool is_old = std::find(old.begin(), old.end(), pool) != old.end();
      if (pool != nullptr && is_old) pool->WatchClosely();
    }
  }
}

void Cluster::Maintain() {
  Update(deps_.clock->Now());
  Pools pools;
  Pools retired;
  {
    absl::MutexLock lock(&mutex_);
    retired = retired_;
  }
  // Their locks are not taken under ours.
  std::vector<std::pair<std::shared_ptr<EndpointPool>, PoolStats>> empty;
  for (const auto& pool : retired) {
    PoolStats stats = pool->Stats();
    if (stats.open + stats.connecting == 0) empty.emplace_back(pool, std::move(stats));
  }
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [pool, last] : empty) {
      if (std::erase(retired_, pool) > 0) BuryLocked(last);
    }
    pools = AllPoolsLocked();
  }
  for (const auto& pool : pools) pool->Maintain();
  primary_wait_->Expire();
}

void Cluster::Retire() {
  std::shared_ptr<const State> last;
  {
    absl::MutexLock lock(&mutex_);
    auto next = std::make_shared<State>(*state_);
    next->is_draining = true;
    last = next;
    state_ = std::move(next);
  }
  for (const auto& pool : last->Pools()) pool->Retire(CloseReason::kDrain, Draining());
  primary_wait_->WakeAll();
}

Topology Cluster::topology() const { return state()->topology; }

std::string Cluster::SystemIdentifier() const {
  return state()->topology.system_identifier;
}

std::optional<Endpoint> Cluster::Primary() const {
  const std::shared_ptr<const State> current = state();
  const std::optional<size_t> primary = current->topology.primary;
  if (!primary.has_value()) return std::nullopt;
  if (!current->topology.endpoints[*primary].is_reachable) return std::nullopt;
  return current->members[*primary].endpoint;
}

Cluster::Pools Cluster::AllPoolsLocked() const {
  Pools pools = state_->Pools();
  pools.insert(pools.end(), retired_.begin(), retired_.end());
  return pools;
}

void Cluster::BuryLocked(const PoolStats& last) {
  const State& now = *state_;
  std::erase_if(buried_, [&now](const PoolStats& buried) {
    if (!now.FindLogin(buried.login).has_value()) return true;
    return std::none_of(now.members.begin(), now.members.end(),
                        [&buried](const Member& member) {
                          return member.endpoint.name == buried.endpoint;
                        });
  });
  for (PoolStats& buried : buried_) {
    const bool is_same = buried.endpoint == last.endpoint && buried.login == last.login &&
                         buried.role == last.role;
    if (!is_same) continue;
    buried.counters.Add(last.counters);
    return;
  }
  PoolStats& buried = buried_.emplace_back();
  buried.endpoint = last.endpoint;
  buried.login = last.login;
  buried.role = last.role;
  buried.is_retired = true;
  buried.counters = last.counters;
}

std::vector<PoolStats> Cluster::StatsSinceStart() const {
  Pools pools;
  std::vector<PoolStats> stats;
  {
    absl::MutexLock lock(&mutex_);
    pools = AllPoolsLocked();
    stats = buried_;
  }
  for (const auto& pool : pools) stats.push_back(pool->Stats());
  return stats;
}

std::vector<PoolStats> Cluster::Stats() const {
  Pools pools;
  {
    absl::MutexLock lock(&mutex_);
    pools = AllPoolsLocked();
  }
  std::vector<PoolStats> stats;
  std::vector<PoolStats> others;
  for (const auto& pool : pools) {
    (pool->role() == Role::kPrimary ? stats : others).push_back(pool->Stats());
  }
  std::move(others.begin(), others.end(), std::back_inserter(stats));
  return stats;
}

size_t Cluster::CountSessions() const {
  size_t sessions = 0;
  for (const PoolStats& stats : Stats()) sessions += stats.open + stats.connecting;
  return sessions;
}

}  // namespace pgsluice
