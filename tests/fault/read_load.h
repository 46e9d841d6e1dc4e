// Readers that ask through the gateway without a pause, and what they were told.
// Thread-safe.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

#include "tests/testing/gateway_client.h"
#include "tests/testing/wait_for.h"

namespace pgsluice::testing {

class ReadLoad final {
 public:
  explicit ReadLoad(GatewayClient& client, int readers = 6) : client_(client) {
    for (int r = 0; r < readers; ++r) {
      readers_.emplace_back([this] { Read(); });
    }
  }
  ~ReadLoad() { Stop(); }
  ReadLoad(const ReadLoad&) = delete;
  ReadLoad& operator=(const ReadLoad&) = delete;

  void Stop() {
    is_over_ = true;
    for (std::thread& reader : readers_) reader.join();
    readers_.clear();
  }
  // Waits until so many more are answered.
  ::testing::AssertionResult GoesOn(size_t more = 200) {
    const size_t before = answered();
    return WaitFor("reads go through", [&] { return answered() >= before + more; });
  }
  // Waits until `endpoint` has answered so many more.
  ::testing::AssertionResult IsServedBy(const std::string& endpoint, size_t more = 20) {
    const size_t before = answered_by(endpoint);
    return WaitFor("reads go through " + endpoint,
                   [&] { return answered_by(endpoint) >= before + more; });
  }

  size_t answered() const {
    const std::lock_guard lock(mutex_);
    return answered_;
  }
  size_t answered_by(const std::string& endpoint) const {
    const std::lock_guard lock(mutex_);
    const auto found = by_endpoint_.find(endpoint);
    return found == by_endpoint_.end() ? 0 : found->second;
  }
  std::vector<Failure> failures() const {
    const std::lock_guard lock(mutex_);
    return failures_;
  }
  // The longest that any of them took, answered or not, since the last Forget.
  absl::Duration slowest() const {
    const std::lock_guard lock(mutex_);
    return slowest_;
  }
  void Forget() {
    const std::lock_guard lock(mutex_);
    failures_.clear();
    slowest_ = absl::ZeroDuration();
  }

 private:
  void Read() {
    v1::QueryRequest request =
        MakeQuery("SELECT 41 + $1::int8", {Int(1)}, v1::INTENT_READ);
    request.mutable_options()->set_report(true);
    while (!is_over_) {
      const absl::Time begin = absl::Now();
      const Answer answer = client_.Query(request);
      const absl::Duration taken = absl::Now() - begin;
      if (!answer.ok() && !is_over_) absl::SleepFor(kPause);
      const std::lock_guard lock(mutex_);
      slowest_ = std::max(slowest_, taken);
      if (answer.ok()) {
        ++answered_;
        ++by_endpoint_[answer.response.route().endpoint()];
        EXPECT_EQ(answer.at(0, 0).int64(), 42);
      } else {
        failures_.push_back(answer.failure);
      }
    }
  }

  // As a decent client: not at once after a failure.
  static constexpr absl::Duration kPause = absl::Milliseconds(5);

  GatewayClient& client_;
  std::atomic<bool> is_over_ = false;
  std::vector<std::thread> readers_;

  mutable std::mutex mutex_;
  size_t answered_ = 0;
  std::map<std::string, size_t> by_endpoint_;
  std::vector<Failure> failures_;
  absl::Duration slowest_;
};

}  // namespace pgsluice::testing
