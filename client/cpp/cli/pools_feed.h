// WatchPoolStats that goes on for ever: a thread that reads the stream, and opens it anew
// when it has ended. Thread-safe.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <thread>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

#include "pgsluice/client.h"

namespace pgsluice::cli {

class PoolsFeed final {
 public:
  // A message, or why there are none at present.
  using Event = std::variant<v1::WatchPoolStatsResponse, absl::Status>;

  PoolsFeed(const client::Client& client, const client::WatchOptions& options);
  PoolsFeed(const PoolsFeed&) = delete;
  PoolsFeed& operator=(const PoolsFeed&) = delete;
  ~PoolsFeed();

  // Readable while there are events.
  int descriptor() const { return descriptor_; }
  // The oldest that has not been taken; nothing when there is none.
  std::optional<Event> Take() ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits for it.
  Event Wait() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);
  void Push(Event event) ABSL_LOCKS_EXCLUDED(mutex_);
  Event PopLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const client::Client client_;
  const client::WatchOptions options_;
  const int descriptor_;  // An eventfd: counts events.
  std::thread thread_;

  absl::Mutex mutex_;
  bool is_stopping_ ABSL_GUARDED_BY(mutex_) = false;
  client::PoolStatsStream* stream_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::deque<Event> events_ ABSL_GUARDED_BY(mutex_);
};

// Whether it is worth trying again: the gateway, or the way to it, is gone for now.
bool IsPassing(const absl::Status& status);

}  // namespace pgsluice::cli
