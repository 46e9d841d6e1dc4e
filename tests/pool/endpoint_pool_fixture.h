// What tests of EndpointPool start from: a pool with a clock that stands still and
// connects that the test ends. Every test must leave nothing behind.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "pool/endpoint_pool.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/fake_session.h"

namespace pgsluice::testing {

// What has come to one waiter.
struct Waiting {
  WaiterId id = 0;
  int calls = 0;
  std::optional<absl::StatusOr<Lease>> result;

  bool has_lease() const { return result.has_value() && result->ok(); }
  absl::Status status() const {
    return result.has_value() ? result->status() : absl::OkStatus();
  }
};

class EndpointPoolTest : public ::testing::Test {
 protected:
  EndpointPoolTest() {
    options_.min_size = 0;
    options_.max_size = 3;
    options_.max_waiters = 5;
    options_.lifetime_jitter = 0;
    options_.ping_after = absl::ZeroDuration();
  }

  void MakePool(int shards = 1) {
    pool_ = std::make_shared<EndpointPool>(
        EndpointPoolDeps{.endpoint = "e",
                         .role = Role::kPrimary,
                         .options = options_,
                         .shards = shards,
                         .connector = connector_,
                         .clock = &clock_,
                         .on_session_event = on_session_event_});
  }

  // Opens `count` sessions and leaves them idle, the first one used longest ago.
  void OpenIdle(size_t count) {
    std::vector<std::shared_ptr<Waiting>> waiting;
    for (size_t i = 0; i < count; ++i) waiting.push_back(Wait());
    while (connector_->Succeed() != nullptr) {
    }
    for (auto& waiter : waiting) waiter->result.reset();
    ASSERT_EQ(pool_->Stats().idle, count);
  }

  // A lease that is there at once.
  Lease Take(int shard = 0, LeaseKind kind = LeaseKind::kStatement) {
    absl::StatusOr<EndpointPool::Acquired> acquired = pool_->Acquire(
        {.shard = shard, .deadline = clock_.Now() + kPatience, .kind = kind},
        [](absl::StatusOr<Lease>) { ADD_FAILURE(); });
    Lease* lease = acquired.ok() ? std::get_if<Lease>(&*acquired) : nullptr;
    if (lease != nullptr) return std::move(*lease);
    ADD_FAILURE() << "no lease at once: " << acquired.status();
    return {};
  }

  // A place in the queue.
  std::shared_ptr<Waiting> Wait(absl::Duration patience = kPatience, int shard = 0,
                                LeaseKind kind = LeaseKind::kStatement) {
    auto waiting = std::make_shared<Waiting>();
    absl::StatusOr<EndpointPool::Acquired> acquired = pool_->Acquire(
        {.shard = shard, .deadline = clock_.Now() + patience, .kind = kind},
        [waiting](absl::StatusOr<Lease> lease) {
          ++waiting->calls;
          waiting->result = std::move(lease);
        });
    const WaiterId* id = acquired.ok() ? std::get_if<WaiterId>(&*acquired) : nullptr;
    if (id != nullptr) {
      waiting->id = *id;
    } else {
      ADD_FAILURE() << "not queued: " << acquired.status();
    }
    return waiting;
  }

  // Which of the opened sessions `lease` holds.
  std::shared_ptr<FakeSession> SessionOf(const Lease& lease) const {
    for (const auto& session : connector_->sessions()) {
      const SessionFacts facts = session->facts();
      session->SetFacts({.transaction = TransactionStatus::kUnknown});
      const bool is_it = lease.transaction() == TransactionStatus::kUnknown;
      session->SetFacts(facts);
      if (is_it) return session;
    }
    return nullptr;
  }

  uint64_t Closed(CloseReason reason) const {
    return pool_->Stats().counters.closed[static_cast<size_t>(reason)];
  }

  void TearDown() override {
    if (pool_ == nullptr) return;
    pool_->Retire(CloseReason::kDrain, absl::UnavailableError("the test is over"));
    while (connector_->Fail("the test is over")) {
    }
    for (const auto& session : connector_->sessions()) {
      session->EndCleanUp(absl::OkStatus());
      EXPECT_EQ(session->closes(), 1);
    }
    const PoolStats stats = pool_->Stats();
    EXPECT_EQ(stats.open, 0u);
    EXPECT_EQ(stats.leased, 0u);
    EXPECT_EQ(stats.connecting, 0u);
    EXPECT_EQ(stats.waiters, 0u);
    EXPECT_EQ(pool_->in_flight(), 0u);
    EXPECT_EQ(pool_.use_count(), 1) << "a lease, a connect or a clean-up holds the pool";
  }

  static constexpr absl::Duration kPatience = absl::Seconds(5);

  PoolOptions options_;
  std::function<void(const SessionEvent&)> on_session_event_;
  FakeClock clock_;
  std::shared_ptr<FakeConnector> connector_ = std::make_shared<FakeConnector>();
  std::shared_ptr<EndpointPool> pool_;
};

}  // namespace pgsluice::testing
