#include "server/first_logins.h"

#include <algorithm>

#include "pool/login.h"
#include "pool/str_cat.h"

namespace pgsluice {

FirstLogins::FirstLogins(const ClusterOptions& options) {
  absl::MutexLock lock(&mutex_);
  if (options.privileged_login == PrivilegedLogin::kRefused) unasked_ = options.endpoints;
}

bool FirstLogins::OnProbe(const Endpoint& endpoint, const ProbeResult& result) {
  absl::MutexLock lock(&mutex_);
  if (unasked_.empty() || !verdict_.ok()) return false;
  const auto found = std::find(unasked_.begin(), unasked_.end(), endpoint);
  if (found == unasked_.end()) return false;
  unasked_.erase(found);
  const std::string why = result.ok ? WhyRefused(result.login) : "";
  if (why.empty()) return false;
  verdict_ = absl::FailedPreconditionError(StrCat("endpoint ", endpoint.name, " ", why));
  return true;
}

absl::Status FirstLogins::verdict() const {
  absl::MutexLock lock(&mutex_);
  return verdict_;
}

}  // namespace pgsluice
