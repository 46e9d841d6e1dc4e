// How a cluster changes at run time: other settings, other endpoints, pauses and
// renewals.
#include <algorithm>
#include <utility>

#include "pool/cluster.h"
#include "pool/error.h"
#include "pool/str_cat.h"
#include "pool/wait_prediction.h"

namespace pgsluice {

void Cluster::Reconfigure(const ClusterOptions& options) {
  Pools retire;
  std::shared_ptr<const State> before;
  std::shared_ptr<const State> last;
  {
    absl::MutexLock lock(&mutex_);
    before = state_;
    auto next = std::make_shared<State>(*state_);
    next->options = ShareOf(options.pools);
    next->session = options.session;
    TakeRouting(options, *next);
    outliers_.Reconfigure(options.ejection);
    FollowEndpointsLocked(options.endpoints, *next, retire);
    FollowLoginsLocked(before->options.logins, *next, retire);
    last = next;
    state_ = std::move(next);
  }
  for (const auto& pool : retire) pool->Retire(CloseReason::kRetired, Reroute());
  primary_wait_->Reconfigure(options.failover_buffer);
  budget_->set_limit(last->options.max_sessions_total);
  const bool is_other_session = before->session != last->session;
  for (const Member& member : last->members) {
    for (size_t login = 0; login < member.pools.size(); ++login) {
      const std::shared_ptr<EndpointPool>& pool = member.pools[login];
      if (pool == nullptr) continue;
      const Role role = pool->role();
      if (is_other_session) {
        pool->UseConnector(MakeConnector(*last, member.endpoint, login, role));
        pool->Renew();
      }
      pool->Reconfigure(last->options.OfRole(role, login));
    }
  }
  Update(deps_.clock->Now());
}

void Cluster::FollowEndpointsLocked(const std::vector<Endpoint>& endpoints, State& next,
                                    Pools& retire) {
  std::vector<Member> old_members = std::exchange(next.members, {});
  std::vector<EndpointView> old_views = std::exchange(next.topology.endpoints, {});
  std::vector<std::optional<ProbeResult>> old_latest = std::exchange(latest_, {});
  bool is_other_set = old_members.size() != endpoints.size();
  next.topology.primary.reset();
  for (size_t i = 0; i < endpoints.size(); ++i) {
    const Endpoint& endpoint = endpoints[i];
    const auto old = std::find_if(
        old_members.begin(), old_members.end(),
        [&](const Member& member) { return member.endpoint.name == endpoint.name; });
    const auto at = static_cast<size_t>(old - old_members.begin());
    is_other_set = is_other_set || at != i;
    // One that was never of use need not be kept for the time being.
    const bool is_kept = old != old_members.end() &&
                         (old->endpoint == endpoint || old_views[at].last_ok.has_value());
    if (!is_kept) {
      next.members.push_back({.endpoint = endpoint});
      next.topology.endpoints.emplace_back().name = endpoint.name;
      latest_.emplace_back();
      continue;
    }
    EndpointView& view = old_views[at];
    old->endpoint.weight = endpoint.weight;
    old->endpoint.zone = endpoint.zone;
    if (old->endpoint == endpoint) {
      old->successor.reset();
      view.successor_problem.clear();
    } else if (old->successor != endpoint) {
      old->successor = endpoint;
      view.successor_problem = "has not been probed yet";
    }
    if (view.role == Role::kPrimary) next.topology.primary = i;
    next.members.push_back(std::exchange(*old, {}));
    next.topology.endpoints.push_back(std::move(view));
    latest_.push_back(std::move(old_latest[at]));
  }
  for (Member& member : old_members) {
    if (member.endpoint.name.empty()) continue;  // Moved over.
    next.pauses.endpoints.erase(member.endpoint.name);
    RetireAllLocked(member, retire);
  }
  if (is_other_set) ++next.topology.generation;
}

void Cluster::FollowLoginsLocked(const std::vector<LoginPools>& before, State& next,
                                 Pools& retire) {
  for (Member& member : next.members) {
    Pools old = std::exchange(member.pools, Pools(next.options.login_count()));
    if (old.empty()) continue;  // A new member.
    member.pools[0] = std::move(old[0]);
    for (size_t i = 1; i < old.size(); ++i) {
      const auto same = [&](const LoginPools& pools) {
        return pools.login == before[i - 1].login;
      };
      const std::vector<LoginPools>& now = next.options.logins;
      const auto kept = std::find_if(now.begin(), now.end(), same);
      if (kept == now.end()) {
        RetireLocked(std::move(old[i]), retire);
      } else {
        member.pools[1 + static_cast<size_t>(kept - now.begin())] = std::move(old[i]);
      }
    }
  }
}

void Cluster::RetireAllLocked(Member& member, Pools& retire) {
  for (std::shared_ptr<EndpointPool>& pool : member.pools) {
    RetireLocked(std::exchange(pool, nullptr), retire);
  }
}

void Cluster::RetireLocked(std::shared_ptr<EndpointPool> pool, Pools& retire) {
  if (pool == nullptr) return;
  retire.push_back(pool);
  retired_.push_back(std::move(pool));
}

bool Cluster::TakeResultLocked(const Endpoint& endpoint, ProbeResult result, State& next,
                               Pools& retire) {
  for (size_t i = 0; i < next.members.size(); ++i) {
    if (next.members[i].endpoint == endpoint) {
      latest_[i] = std::move(result);
      return true;
    }
    if (next.members[i].successor == endpoint) {
      TakeSuccessorLocked(i, std::move(result), next, retire);
      return true;
    }
  }
  return false;
}

// A new address takes over only when it is known to be good: it answers, is of the same
// cluster, and its login may be used. Its role is for the next topology to say.
void Cluster::TakeSuccessorLocked(size_t index, ProbeResult result, State& next,
                                  Pools& retire) {
  std::string& problem = next.topology.endpoints[index].successor_problem;
  const std::string& ours = next.topology.system_identifier;
  if (!result.ok) {
    problem = result.error;
  } else if (!ours.empty() && ours != result.system_identifier) {
    problem = StrCat("belongs to another cluster (system identifier ",
                     result.system_identifier, ", not ", ours, ")");
  } else if (next.topology_options.privileged_login == PrivilegedLogin::kRefused &&
             !WhyRefused(result.login).empty()) {
    problem = WhyRefused(result.login);
  } else {
    problem.clear();
    Member& member = next.members[index];
    member.endpoint = *std::exchange(member.successor, std::nullopt);
    RetireAllLocked(member, retire);
    latest_[index] = std::move(result);
    ++next.topology.generation;
  }
}

absl::StatusOr<Cluster::Pools> Cluster::Select(const State& state,
                                               const PoolSelector& selector) {
  Pools pools;
  bool is_known = selector.endpoint.empty();
  for (const Member& member : state.members) {
    is_known = is_known || member.endpoint.name == selector.endpoint;
    for (const auto& pool : member.pools) {
      const bool is_selected =
          pool != nullptr && selector.Selects(member.endpoint.name, pool->role());
      if (is_selected) pools.push_back(pool);
    }
  }
  if (is_known) return pools;
  std::string names;
  for (const Member& member : state.members) {
    StrAppend(&names, names.empty() ? "" : ", ", member.endpoint.name);
  }
  return NoSuchEndpoint(selector.endpoint, names);
}

void Cluster::SetPauses(const Pauses& pauses) {
  std::shared_ptr<const State> last;
  {
    absl::MutexLock lock(&mutex_);
    auto next = std::make_shared<State>(*state_);
    next->pauses = pauses;
    last = next;
    state_ = std::move(next);
  }
  for (const auto& pool : last->Pools()) {
    if (pauses.Covers(pool->endpoint(), pool->role())) {
      pool->Pause();
    } else {
      pool->Resume();
    }
  }
}

namespace {

std::vector<PoolStats> StatsOf(const std::vector<std::shared_ptr<EndpointPool>>& pools) {
  std::vector<PoolStats> stats;
  for (const auto& pool : pools) stats.push_back(pool->Stats());
  return stats;
}

}  // namespace

absl::StatusOr<std::vector<PoolStats>> Cluster::Pause(const PoolSelector& selector) {
  const std::shared_ptr<const State> current = state();
  absl::StatusOr<Pools> pools = Select(*current, selector);
  if (!pools.ok()) return pools.status();
  Pauses pauses = current->pauses;
  pauses.Add(selector);
  SetPauses(pauses);
  return StatsOf(*pools);
}

absl::StatusOr<std::vector<PoolStats>> Cluster::Resume(const PoolSelector& selector) {
  const std::shared_ptr<const State> current = state();
  absl::StatusOr<Pools> pools = Select(*current, selector);
  if (!pools.ok()) return pools.status();
  Pauses pauses = current->pauses;
  pauses.Remove(selector);
  SetPauses(pauses);
  for (const auto& pool : *pools) {
    if (!pauses.Covers(pool->endpoint(), pool->role())) continue;
    const bool is_by_role = pauses.roles.contains(pool->role());
    return StillPaused(
        pool->endpoint(),
        is_by_role ? StrCat("by its role, ", RoleName(pool->role())) : "by its name");
  }
  return StatsOf(*pools);
}

absl::StatusOr<std::vector<PoolStats>> Cluster::Reconnect(const PoolSelector& selector) {
  absl::StatusOr<Pools> pools = Select(*state(), selector);
  if (!pools.ok()) return pools.status();
  for (const auto& pool : *pools) pool->Renew();
  return StatsOf(*pools);
}

Pauses Cluster::pauses() const { return state()->pauses; }

}  // namespace pgsluice
