// Writers that write one row after the other through the gateway and note what they are
// told: for tests of what becomes of the primary meanwhile.
#pragma once

#include <algorithm>
#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

#include "tests/testing/gateway_client.h"

namespace pgsluice::testing {

// Each writes its own names into table `written (name text PRIMARY KEY)`.
class WriteLoad final {
 public:
  WriteLoad(GatewayClient& client, int writers) : client_(client) {
    for (int w = 0; w < writers; ++w) {
      threads_.emplace_back([this, w] { Write(w); });
    }
  }
  ~WriteLoad() { Stop(); }

  void Stop() {
    is_over_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  size_t CountAcknowledged() {
    const std::lock_guard lock(mutex_);
    return acknowledged_.size();
  }
  std::vector<std::string> Acknowledged() {
    const std::lock_guard lock(mutex_);
    return acknowledged_;
  }
  std::vector<Failure> Failures() {
    const std::lock_guard lock(mutex_);
    return failures_;
  }
  // Of the first write that was begun after `after` and acknowledged; the infinite
  // future: none yet.
  absl::Time FirstAcknowledgedAfter(absl::Time after) {
    const std::lock_guard lock(mutex_);
    absl::Time first = absl::InfiniteFuture();
    for (const absl::Time at : times_) {
      if (at > after) first = std::min(first, at);
    }
    return first;
  }
  // Longest time between two acknowledged writes, of all writers together.
  absl::Duration LongestGap() {
    const std::lock_guard lock(mutex_);
    std::vector<absl::Time> times = times_;
    std::sort(times.begin(), times.end());
    absl::Duration longest;
    for (size_t i = 1; i < times.size(); ++i) {
      longest = std::max(longest, times[i] - times[i - 1]);
    }
    return longest;
  }

 private:
  void Write(int writer) {
    for (int i = 0; !is_over_; ++i) {
      const std::string name = absl::StrCat("w", writer, "-", i);
      const Answer answer =
          client_.Query("INSERT INTO written VALUES ($1)", {Text(name)});
      const absl::Time now = absl::Now();
      const std::lock_guard lock(mutex_);
      if (answer.ok()) {
        acknowledged_.push_back(name);
        times_.push_back(now);
      } else {
        failures_.push_back(answer.failure);
      }
    }
  }

  GatewayClient& client_;
  std::atomic<bool> is_over_{false};
  std::mutex mutex_;
  std::vector<std::string> acknowledged_;
  std::vector<absl::Time> times_;
  std::vector<Failure> failures_;
  std::vector<std::thread> threads_;
};

}  // namespace pgsluice::testing
