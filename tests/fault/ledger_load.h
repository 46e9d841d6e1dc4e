// Writers that fill a ledger through the gateway, each write with a name of its own, and
// what they were told of it; and the comparison with what is there. Thread-safe.
#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "tests/fault/ledger_table.h"
#include "tests/fault/ledger_writes.h"
#include "tests/testing/wait_for.h"

namespace pgsluice::testing {

class LedgerLoad final {
 public:
  struct Counts {
    size_t committed = 0;
    size_t resolved = 0;  // Of those, found committed after their session was lost.
    size_t denied = 0;    // Not started, or rolled back.
    size_t not_started = 0;
    size_t unknown = 0;
  };
  // A time without an acknowledgement, between two.
  struct Outage {
    absl::Time begin = absl::InfinitePast();
    absl::Duration length;
  };

  // Names begin with `prefix`.
  LedgerLoad(GatewayClient& client, std::string prefix, int writers)
      : client_(client), prefix_(std::move(prefix)) {
    for (int w = 0; w < writers; ++w) {
      writers_.emplace_back([this, w] { Write(w); });
    }
  }
  ~LedgerLoad() { Stop(); }
  LedgerLoad(const LedgerLoad&) = delete;
  LedgerLoad& operator=(const LedgerLoad&) = delete;

  // Returns when the last answer is there.
  void Stop() {
    is_over_ = true;
    for (std::thread& writer : writers_) writer.join();
    writers_.clear();
  }
  // Waits until so many more are committed.
  ::testing::AssertionResult GoesOn(size_t more, absl::Duration limit = kWaitLimit) {
    const size_t before = counts().committed;
    auto result = WaitFor(
        "writes go through", [&] { return counts().committed >= before + more; }, limit);
    if (!result) {
      const std::lock_guard lock(mutex_);
      result << "; the last one that did not: " << last_failure_;
    }
    return result;
  }

  const std::string& prefix() const { return prefix_; }
  Counts counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }
  // The last one that was not even started.
  Failure last_not_started() const {
    const std::lock_guard lock(mutex_);
    return last_not_started_;
  }
  // When the first write after `since` was acknowledged that was not merely found out.
  absl::Time FirstAcknowledged(absl::Time since) const {
    const std::lock_guard lock(mutex_);
    const auto first =
        std::lower_bound(acknowledged_.begin(), acknowledged_.end(), since);
    return first == acknowledged_.end() ? absl::InfiniteFuture() : *first;
  }
  // The longest that ended after `since`.
  Outage LongestOutage(absl::Time since) const {
    const std::lock_guard lock(mutex_);
    Outage longest;
    for (size_t i = 1; i < acknowledged_.size(); ++i) {
      const absl::Duration length = acknowledged_[i] - acknowledged_[i - 1];
      if (acknowledged_[i] >= since && length > longest.length) {
        longest = {.begin = acknowledged_[i - 1], .length = length};
      }
    }
    return longest;
  }
  // When a write was told to be committed.
  absl::Time AcknowledgedAt(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    return told_.at(name).at;
  }
  // By the gRPC code of those that were not committed.
  std::map<grpc::StatusCode, size_t> failures() const {
    const std::lock_guard lock(mutex_);
    return failures_;
  }

  // `written`: each name that is there with this prefix, and how often.
  LedgerFindings Compare(std::map<std::string, int> written) const {
    const std::lock_guard lock(mutex_);
    LedgerFindings findings;
    for (const auto& [name, count] : written) {
      if (count > 1) findings.duplicated.push_back(name);
      if (!told_.contains(name)) findings.unheard_of.push_back(name);
    }
    for (const auto& [name, entry] : told_) {
      const bool is_there = written.contains(name);
      if (entry.outcome == Outcome::kCommitted && !is_there)
        findings.lost.push_back(name);
      if (entry.outcome == Outcome::kDenied && is_there) findings.denied.push_back(name);
    }
    return findings;
  }

 private:
  enum class Outcome { kCommitted, kDenied, kUnknown };
  struct Entry {
    Outcome outcome;
    absl::Time at;
  };

  void Write(int writer) {
    for (int i = 0; !is_over_; ++i) {
      const std::string name = absl::StrCat(prefix_, writer, "-", i);
      const Told told = WriteInTurns(client_, i, name);
      Enter(name, told);
      // As a decent client: not at once after a refusal.
      if (!told.is_committed && !is_over_) absl::SleepFor(kPause);
    }
  }
  void Enter(const std::string& name, const Told& told) {
    const auto verdict = told.failure.verdict.outcome();
    const std::lock_guard lock(mutex_);
    const absl::Time now = absl::Now();  // Under the lock, so that they are in order.
    if (told.is_committed) {
      ++counts_.committed;
      told_[name] = {Outcome::kCommitted, now};
      if (told.committed.resolved()) {
        ++counts_.resolved;
      } else {
        acknowledged_.push_back(now);
      }
      return;
    }
    last_failure_ = told.failure;
    ++failures_[told.failure.code];
    if (verdict == v1::OUTCOME_NOT_STARTED || verdict == v1::OUTCOME_ROLLED_BACK) {
      ++counts_.denied;
      if (verdict == v1::OUTCOME_NOT_STARTED) {
        ++counts_.not_started;
        last_not_started_ = told.failure;
      }
      told_[name] = {Outcome::kDenied, now};
      return;
    }
    ++counts_.unknown;
    told_[name] = {Outcome::kUnknown, now};
    EXPECT_NE(told.failure.code, grpc::StatusCode::UNAVAILABLE)
        << "retry policies would send it again: " << told.failure;
  }

  static constexpr absl::Duration kPause = absl::Milliseconds(20);

  GatewayClient& client_;
  const std::string prefix_;
  std::atomic<bool> is_over_ = false;
  std::vector<std::thread> writers_;

  mutable std::mutex mutex_;
  Counts counts_;
  std::map<std::string, Entry> told_;
  std::map<grpc::StatusCode, size_t> failures_;
  std::vector<absl::Time> acknowledged_;
  Failure last_failure_;
  Failure last_not_started_;
};

inline std::ostream& operator<<(std::ostream& out, const LedgerLoad::Counts& counts) {
  return out << counts.committed << " committed (" << counts.resolved
             << " of them found so afterwards), " << counts.denied << " denied ("
             << counts.not_started << " of them not started), " << counts.unknown
             << " unknown";
}

}  // namespace pgsluice::testing
