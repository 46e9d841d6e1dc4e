// EndpointPool under threads that take, give back and give up, while connects and
// clean-ups fail and time passes: everything balances in the end. Meant for TSan too.
#include <atomic>
#include <numeric>
#include <random>
#include <thread>

#include "pool/error.h"
#include "tests/pool/endpoint_pool_fixture.h"

namespace pgsluice::testing {
namespace {

constexpr int kThreads = 4;
constexpr int kCallsPerThread = 1500;

// Where a waiter's answer comes to, from another thread.
class Answer final {
 public:
  void Set(absl::StatusOr<Lease> lease) {
    absl::MutexLock lock(&mutex_);
    ++calls_;
    lease_ = std::move(lease);
  }
  absl::StatusOr<Lease> Await() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(+[](int* calls) { return *calls > 0; }, &calls_));
    return std::move(lease_);
  }
  int calls() {
    absl::MutexLock lock(&mutex_);
    return calls_;
  }

 private:
  absl::Mutex mutex_;
  int calls_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::StatusOr<Lease> lease_ ABSL_GUARDED_BY(mutex_);
};

struct Totals {
  std::atomic<uint64_t> leased{0};
  std::atomic<uint64_t> timed_out{0};
  std::atomic<uint64_t> cancelled{0};
  std::atomic<uint64_t> refused{0};
  std::atomic<uint64_t> unexpected{0};
};

class EndpointPoolStressTest : public EndpointPoolTest {
 protected:
  void Count(const absl::Status& status) {
    const auto details = DetailsOf(status);
    if (status.ok()) {
      ++totals_.leased;
    } else if (absl::IsCancelled(status)) {
      ++totals_.cancelled;
    } else if (details->reason == "QUEUE_FULL") {
      ++totals_.refused;
    } else if (details->reason == "ACQUIRE_TIMEOUT" ||
               details->reason == "ENDPOINT_DOWN") {
      ++totals_.timed_out;
    } else {
      ++totals_.unexpected;
    }
  }

  void Call(int shard, std::mt19937& random) {
    auto answer = std::make_shared<Answer>();
    absl::StatusOr<EndpointPool::Acquired> acquired = pool_->Acquire(
        {.shard = shard,
         .deadline = clock_.Now() + absl::Milliseconds(random() % 500),
         .kind = random() % 3 == 0 ? LeaseKind::kTransaction : LeaseKind::kStatement,
         .caller = random() % 3},
        [answer](absl::StatusOr<Lease> lease) { answer->Set(std::move(lease)); });
    if (!acquired.ok()) return Count(acquired.status());
    Lease lease;
    if (auto* taken = std::get_if<Lease>(&*acquired); taken != nullptr) {
      Count(absl::OkStatus());
      lease = std::move(*taken);
    } else {
      if (random() % 4 == 0) {
        pool_->EndWaiter(std::get<WaiterId>(*acquired), absl::CancelledError(""));
      }
      absl::StatusOr<Lease> waited = answer->Await();
      Count(waited.status());
      if (answer->calls() != 1) ++totals_.unexpected;
      if (waited.ok()) lease = *std::move(waited);
    }
    if (random() % 2 == 0) std::this_thread::yield();
  }

  // What PostgreSQL and time do meanwhile.
  void Stir(std::mt19937& random) {
    if (random() % 5 == 0) {
      connector_->Fail("refused");
    } else {
      connector_->Succeed();
    }
    auto sessions = connector_->sessions();
    std::erase_if(sessions, [](const auto& session) { return session->is_closed(); });
    for (const auto& session : sessions) {
      if (session->clean_up().has_value()) {
        session->EndCleanUp(random() % 5 == 0 ? absl::InternalError("")
                                              : absl::OkStatus());
      } else if (random() % 8 == 0) {
        session->SetFacts({.is_broken = random() % 8 == 0,
                           .has_statement_in_progress = random() % 4 == 0,
                           .needs_reset = random() % 2 == 0});
      }
    }
    clock_.Advance(absl::Milliseconds(random() % 20));
    pool_->Maintain();
    const PoolStats stats = pool_->Stats();
    if (stats.open + stats.connecting > stats.max_size) ++totals_.unexpected;
    if (stats.open != stats.idle + stats.leased + stats.maintenance) ++totals_.unexpected;
  }

  Totals totals_;
};

TEST_F(EndpointPoolStressTest, BalancesAfterAll) {
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  options_.max_lifetime = absl::Seconds(1);
  options_.max_uses = 50;
  options_.backoff_initial = absl::Milliseconds(10);
  options_.backoff_max = absl::Milliseconds(50);
  options_.max_waiters = 3;
  MakePool(/*shards=*/2);

  std::atomic<int> running = kThreads;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([this, i, seed, &running] {
      std::mt19937 random(seed + i);
      for (int call = 0; call < kCallsPerThread; ++call) Call(i % 2, random);
      --running;
    });
  }
  std::mt19937 random(seed + kThreads);
  while (running > 0) Stir(random);
  for (std::thread& thread : threads) thread.join();
  TearDown();

  const PoolCounters counters = pool_->Stats().counters;
  EXPECT_EQ(totals_.unexpected, 0u);
  EXPECT_EQ(totals_.leased + totals_.timed_out + totals_.cancelled + totals_.refused,
            kThreads * kCallsPerThread);
  EXPECT_GT(totals_.leased, 0u);
  EXPECT_EQ(counters.acquired, totals_.leased);
  EXPECT_EQ(counters.acquire_timeouts, totals_.timed_out);
  EXPECT_EQ(counters.acquire_cancelled, totals_.cancelled);
  EXPECT_EQ(counters.queue_full, totals_.refused);
  EXPECT_EQ(counters.opened, connector_->sessions().size());
  EXPECT_EQ(std::accumulate(counters.closed.begin(), counters.closed.end(), uint64_t{0}),
            counters.opened);
}

}  // namespace
}  // namespace pgsluice::testing
