#include "pool/cluster_state.h"

namespace pgsluice {

std::optional<size_t> ClusterState::FindLogin(std::string_view name) const {
  if (name.empty()) return 0;
  for (size_t i = 1; i < options.login_count(); ++i) {
    if (options.LoginAt(i)->name == name) return i;
  }
  return std::nullopt;
}

// That of the endpoint's own login is a matter of the topology: without it the endpoint
// is not used at all.
std::string ClusterState::WhyLoginRefused(size_t login, size_t endpoint) const {
  const bool may_be_any = topology_options.privileged_login == PrivilegedLogin::kAllowed;
  const std::optional<ProbeResult>& answer = topology.endpoints[endpoint].last_ok;
  if (login == 0 || may_be_any || !answer.has_value()) return "";
  return WhyRefused(*options.LoginAt(login), answer->users);
}

std::vector<std::shared_ptr<EndpointPool>> ClusterState::Pools() const {
  std::vector<std::shared_ptr<EndpointPool>> all;
  for (const ClusterMember& member : members) {
    for (const auto& pool : member.pools) {
      if (pool != nullptr) all.push_back(pool);
    }
  }
  return all;
}

}  // namespace pgsluice
