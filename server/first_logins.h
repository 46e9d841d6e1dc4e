// What the first probe of each endpoint says of its login, and of named ones: with one
// that is refused, the gateway is not to start. Later ones only keep their endpoint, or
// the named login, from being used.
// Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "pool/options.h"
#include "pool/topology.h"

namespace pgsluice {

class FirstLogins final {
 public:
  // `options`: as at start.
  explicit FirstLogins(const ClusterOptions& options);
  FirstLogins(const FirstLogins&) = delete;
  FirstLogins& operator=(const FirstLogins&) = delete;

  // True when the gateway has to give up, for the first time.
  bool OnProbe(const Endpoint& endpoint, const ProbeResult& result)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Why it has to; OK: it has not.
  absl::Status verdict() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // What is held against them; empty: nothing.
  std::string Problem(const Endpoint& endpoint, const ProbeResult& result) const;

  std::vector<NamedLogin> logins_;  // Constant.
  mutable absl::Mutex mutex_;
  std::vector<Endpoint> unasked_ ABSL_GUARDED_BY(mutex_);
  absl::Status verdict_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pgsluice
