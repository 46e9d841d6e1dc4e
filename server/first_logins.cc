#include "server/first_logins.h"

#include <algorithm>

#include "pool/login.h"
#include "pool/str_cat.h"

namespace pgsluice {

FirstLogins::FirstLogins(const ClusterOptions& options) {
  for (const LoginPools& pools : options.pools.logins) logins_.push_back(pools.login);
  absl::MutexLock lock(&mutex_);
  if (options.privileged_login == PrivilegedLogin::kRefused) unasked_ = options.endpoints;
}

bool FirstLogins::OnProbe(const Endpoint& endpoint, const ProbeResult& result) {
  absl::MutexLock lock(&mutex_);
  if (unasked_.empty() || !verdict_.ok()) return false;
  const auto found = std::find(unasked_.begin(), unasked_.end(), endpoint);
  if (found == unasked_.end()) return false;
  unasked_.erase(found);
  const std::string why = Problem(endpoint, result);
  if (why.empty()) return false;
  verdict_ = absl::FailedPreconditionError(why);
  return true;
}

std::string FirstLogins::Problem(const Endpoint& endpoint,
                                 const ProbeResult& result) const {
  if (!result.ok) return "";
  const std::string own = WhyRefused(result.login);
  if (!own.empty()) return StrCat("endpoint ", endpoint.name, " ", own);
  for (const NamedLogin& login : logins_) {
    const std::string why = WhyRefused(login, result.users);
    if (why.empty()) continue;
    return StrCat("login ", login.name, " with endpoint ", endpoint.name, " ", why);
  }
  return "";
}

absl::Status FirstLogins::verdict() const {
  absl::MutexLock lock(&mutex_);
  return verdict_;
}

}  // namespace pgsluice
