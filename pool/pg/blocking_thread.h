// Runs what may block, like the reading of a file, off the shards: one task at a time, in
// order. Thread-safe.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace pgsluice {

class BlockingThread final {
 public:
  BlockingThread();
  BlockingThread(const BlockingThread&) = delete;
  BlockingThread& operator=(const BlockingThread&) = delete;
  // Drops what has not begun. A task that is stuck is left behind.
  ~BlockingThread();

  void Run(std::function<void()> task);

 private:
  // Shared with the thread, which may outlive its owner when stuck.
  struct Shared {
    absl::Mutex mutex;
    std::deque<std::function<void()>> queue ABSL_GUARDED_BY(mutex);
    bool is_stopping ABSL_GUARDED_BY(mutex) = false;
    bool is_running ABSL_GUARDED_BY(mutex) = false;
  };
  static void Work(const std::shared_ptr<Shared>& shared);

  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace pgsluice
