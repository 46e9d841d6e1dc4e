// Sends cancel requests to PostgreSQL off the shards: libpq's PQcancel blocks, for ever
// if the server is frozen. Thread-safe.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include <libpq-fe.h>

namespace pgsluice {

struct FreeCancel {
  void operator()(PGcancel* cancel) const { PQfreeCancel(cancel); }
};
using CancelHandle = std::unique_ptr<PGcancel, FreeCancel>;

class Canceler final {
 public:
  explicit Canceler(size_t threads);
  Canceler(const Canceler&) = delete;
  Canceler& operator=(const Canceler&) = delete;
  // Abandons what has not been sent. Threads stuck in PQcancel are left behind.
  ~Canceler();

  // Sends one request and calls `done` (on one of the threads) once the server has
  // closed the request's connection: only then can the cancel no longer hit a later
  // statement. A session that cannot wait for that must be closed.
  void Cancel(CancelHandle handle, std::function<void(bool was_sent)> done);

 private:
  struct Request {
    CancelHandle handle;
    std::function<void(bool)> done;
  };
  // Shared with the threads, which may outlive the canceler when stuck.
  struct Shared {
    absl::Mutex mutex;
    std::deque<Request> queue ABSL_GUARDED_BY(mutex);
    bool is_stopping ABSL_GUARDED_BY(mutex) = false;
    size_t running ABSL_GUARDED_BY(mutex) = 0;
  };
  static void Run(const std::shared_ptr<Shared>& shared);

  std::shared_ptr<Shared> shared_;
  std::vector<std::thread> threads_;
};

}  // namespace pgsluice
