// Where the lines of the audit go: a file of their own, or standard error. Written by a
// thread of its own, so that no shard waits for a disk; what does not fit into the queue
// meanwhile, or cannot be written, is dropped, counted and told. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "server/config/caller_methods.h"

namespace pgsluice {

struct AuditOptions {
  bool is_on = false;
  std::string file = {};   // Empty: standard error.
  MethodSet methods = {};  // Whose calls are told of; those of AdminService always are.
  size_t max_queue_bytes = 0;

  bool operator==(const AuditOptions&) const = default;
};

// None when it is off.
inline MethodSet AuditedMethods(const AuditOptions& options) {
  return options.is_on ? options.methods : MethodSet();
}

class AuditLog final {
 public:
  AuditLog() = default;  // Off.
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;
  // Writes what is queued.
  ~AuditLog();

  // From now on. Opens the file anew even if it is as it was, for whoever moves it away.
  // An error says why it cannot: lines then go where they went before.
  absl::Status Configure(const AuditOptions& options) ABSL_LOCKS_EXCLUDED(mutex_);
  bool is_on() const { return is_on_; }

  // A line, without its end.
  void Write(std::string line) ABSL_LOCKS_EXCLUDED(mutex_);
  // A line that was not even made.
  void Drop() { ++dropped_; }

  uint64_t written() const { return written_; }
  uint64_t dropped() const { return dropped_; }

 private:
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);
  // By its thread only. `is_torn`: the end of the last line is missing.
  void WriteOut(const std::vector<std::string>& lines, int file, bool& is_torn);
  // Once a second at most.
  void TellOfDropped(bool is_last);

  std::atomic<bool> is_on_{false};
  std::atomic<uint64_t> written_{0};
  std::atomic<uint64_t> dropped_{0};
  // Its thread's own.
  uint64_t told_ = 0;  // Of those dropped.
  absl::Time last_told_ = absl::InfinitePast();
  std::string problem_;

  absl::Mutex mutex_;
  size_t max_queue_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::string> queue_ ABSL_GUARDED_BY(mutex_);
  size_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int next_file_ ABSL_GUARDED_BY(mutex_) = -1;  // To go on with; -1: with the same.
  bool is_stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Once it was on. The configurer's.
};

}  // namespace pgsluice
