// Looks the names of hosts up, each time anew, on a thread of its own: a name server that
// does not answer holds up neither a shard nor the dials of other endpoints. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "pool/completion.h"
#include "pool/pg/blocking_thread.h"

namespace pgsluice {

using HostAddresses = absl::StatusOr<std::vector<std::string>>;
// Blocks. The addresses, at least one, in the order in which they are to be tried.
using HostLookup = std::function<HostAddresses(const std::string& host)>;

// The system's resolver.
HostAddresses LookUpHost(const std::string& host);

// One an endpoint.
class NameLookup final {
 public:
  explicit NameLookup(HostLookup look_up = LookUpHost) : look_up_(std::move(look_up)) {}

  // Sets `found`, unless somebody else has by then.
  void Start(std::string host, std::shared_ptr<Completion<HostAddresses>> found)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  const HostLookup look_up_;

  absl::Mutex mutex_;
  std::unique_ptr<BlockingThread> thread_ ABSL_GUARDED_BY(mutex_);  // Made when needed.
};

}  // namespace pgsluice
