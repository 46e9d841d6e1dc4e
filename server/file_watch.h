// Has files looked at once a second, on a thread of its own: a file may be slow.
#pragma once

#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace pgsluice {

class FileWatch final {
 public:
  // `look` is called on the thread, again and again.
  explicit FileWatch(std::function<void()> look);
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;
  ~FileWatch();

 private:
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);

  const std::function<void()> look_;
  absl::Mutex mutex_;
  bool is_stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace pgsluice
