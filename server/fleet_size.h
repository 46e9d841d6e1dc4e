// Follows a file that says how many gateways share the pools' sizes. Reads it on a thread
// of its own: a file may be slow.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace pgsluice {

// What such a file may hold: one whole number from 1, with white space around it.
std::optional<size_t> ParseFleetSize(std::string_view text);

class FleetSize final {
 public:
  // `on_change` is called with each new number, on the thread.
  FleetSize(std::string path, size_t first, std::function<void(size_t)> on_change);
  FleetSize(const FleetSize&) = delete;
  FleetSize& operator=(const FleetSize&) = delete;
  ~FleetSize();

 private:
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);
  void Look();

  const std::string path_;
  const std::function<void(size_t)> on_change_;
  size_t last_;  // The thread's.
  bool was_readable_ = true;

  absl::Mutex mutex_;
  bool is_stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace pgsluice
