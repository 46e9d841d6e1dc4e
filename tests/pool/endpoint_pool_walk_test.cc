// Invariants 1 to 3 of EndpointPool after every step of random walks.
#include <algorithm>
#include <list>
#include <numeric>
#include <random>

#include "pool/error.h"
#include "tests/pool/endpoint_pool_fixture.h"

namespace pgsluice::testing {
namespace {

constexpr int kWalks = 60;
constexpr int kSteps = 600;

class EndpointPoolWalkTest : public EndpointPoolTest {
 protected:
  struct Waiter {
    std::shared_ptr<Waiting> waiting;
    absl::Time deadline;
    LeaseKind kind;
    bool is_cancelled = false;
  };

  size_t Random(size_t below) {
    return std::uniform_int_distribution<size_t>(0, below - 1)(random_);
  }

  void ChooseOptions() {
    options_.min_size = Random(3);
    options_.max_size = 1 + Random(5);
    options_.max_waiters = Random(8);
    options_.max_concurrent_connects = 1 + Random(3);
    options_.max_uses = Random(2) * 10;
    options_.max_lifetime = absl::Seconds(Random(2) * 30);
    options_.idle_timeout = absl::Seconds(Random(2) * 10);
    options_.transaction_share = 0.25 * static_cast<double>(1 + Random(4));
    options_.connect_retry_limit = 0;  // Nobody gives up but at its deadline.
  }

  void Acquire() {
    auto waiting = std::make_shared<Waiting>();
    const absl::Time deadline = clock_.Now() + absl::Milliseconds(1 + Random(5000));
    const LeaseKind kind =
        Random(3) == 0 ? LeaseKind::kTransaction : LeaseKind::kStatement;
    absl::StatusOr<EndpointPool::Acquired> acquired = pool_->Acquire(
        {.shard = static_cast<int>(Random(2)), .deadline = deadline, .kind = kind},
        [waiting](absl::StatusOr<Lease> lease) {
          ++waiting->calls;
          waiting->result = std::move(lease);
        });
    if (!acquired.ok()) {
      ASSERT_EQ(DetailsOf(acquired.status())->reason, "QUEUE_FULL");
      ++refused_;
    } else if (auto* lease = std::get_if<Lease>(&*acquired); lease != nullptr) {
      leases_.push_back(std::move(*lease));
      ++acquired_;
    } else {
      waiting->id = std::get<WaiterId>(*acquired);
      waiters_.push_back({waiting, deadline, kind});
    }
  }

  void ReturnOne() {
    if (leases_.empty()) return;
    std::swap(leases_[Random(leases_.size())], leases_.back());
    leases_.pop_back();
  }

  void EndOne() {
    if (waiters_.empty()) return;
    Waiter& waiter = *std::next(waiters_.begin(), Random(waiters_.size()));
    waiter.is_cancelled = true;
    pool_->EndWaiter(waiter.waiting->id, absl::CancelledError(""));
  }

  // What a session will look like at its next return.
  void Dirty() {
    const auto open = OpenSessions();
    if (open.empty()) return;
    const auto& session = open[Random(open.size())];
    if (session->clean_up().has_value()) return;
    session->SetFacts({.is_broken = Random(4) == 0,
                       .has_statement_in_progress = Random(3) == 0,
                       .transaction = Random(2) == 0 ? TransactionStatus::kFailed
                                                     : TransactionStatus::kIdle,
                       .needs_reset = Random(2) == 0,
                       .had_uncertain_cancel = Random(4) == 0});
  }

  void EndCleanUp() {
    for (const auto& session : OpenSessions()) {
      if (!session->clean_up().has_value() || Random(2) == 0) continue;
      session->EndCleanUp(Random(4) == 0 ? absl::InternalError("") : absl::OkStatus());
    }
  }

  void Step() {
    switch (Random(12)) {
      case 0:
      case 1:
      case 2: return Acquire();
      case 3:
      case 4: return ReturnOne();
      case 5: return EndOne();
      case 6: return Dirty();
      case 7: return EndCleanUp();
      case 8: connector_->Succeed(); return;
      case 9:
        if (Random(3) == 0) connector_->Fail("refused");
        return;
      case 10: return clock_.Advance(absl::Milliseconds(Random(1500)));
      default: return pool_->Maintain();
    }
  }

  // Takes what has come to waiters, and checks that it came once and in order.
  void Collect() {
    bool is_statement_waiting = false;
    bool is_transaction_waiting = false;
    for (auto it = waiters_.begin(); it != waiters_.end();) {
      const Waiting& waiting = *it->waiting;
      ASSERT_LE(waiting.calls, 1);
      if (waiting.calls == 0) {
        ASSERT_FALSE(it->is_cancelled);
        const bool is_live = it->deadline > clock_.Now();
        if (it->kind == LeaseKind::kStatement) {
          is_statement_waiting = is_statement_waiting || is_live;
        } else {
          is_transaction_waiting = is_transaction_waiting || is_live;
        }
        ++it;
        continue;
      }
      if (waiting.has_lease()) {
        ASSERT_FALSE(is_statement_waiting) << "overtook an older waiter";
        // There may be no room for a transaction while there is a session.
        ASSERT_FALSE(is_transaction_waiting && it->kind == LeaseKind::kTransaction)
            << "overtook an older transaction";
        leases_.push_back(std::move(**it->waiting->result));
        ++acquired_;
      } else {
        ASSERT_TRUE(it->is_cancelled || it->deadline <= clock_.Now());
        ++unserved_;
      }
      it = waiters_.erase(it);
    }
  }

  std::vector<std::shared_ptr<FakeSession>> OpenSessions() const {
    auto open = connector_->sessions();
    std::erase_if(open, [](const auto& session) { return session->is_closed(); });
    return open;
  }

  void Check() {
    const PoolStats stats = pool_->Stats();
    const auto open = OpenSessions();
    // 1: every session is in exactly one place.
    ASSERT_EQ(stats.open, stats.idle + stats.leased + stats.maintenance);
    ASSERT_EQ(stats.open, open.size());
    ASSERT_EQ(stats.leased, leases_.size());
    ASSERT_EQ(stats.connecting, connector_->outstanding());
    ASSERT_EQ(stats.maintenance,
              std::count_if(open.begin(), open.end(), [](auto& session) {
                return session->clean_up().has_value();
              }));
    // 2: never more than allowed.
    ASSERT_LE(stats.open + stats.connecting, options_.max_size);
    ASSERT_LE(stats.connecting, options_.max_concurrent_connects);
    // 3: whoever has not been completed is in the queue.
    ASSERT_EQ(stats.waiters, waiters_.size());
    ASSERT_LE(stats.waiters, options_.max_waiters);
    ASSERT_EQ(pool_->in_flight(), leases_.size() + waiters_.size());
    ASSERT_LE(stats.transactions, RoomToHold(options_));
    const bool has_room = stats.transactions < RoomToHold(options_);
    const bool is_anyone_waiting =
        std::any_of(waiters_.begin(), waiters_.end(), [&](const Waiter& waiter) {
          return waiter.deadline > clock_.Now() &&
                 (has_room || waiter.kind == LeaseKind::kStatement);
        });
    ASSERT_FALSE(is_anyone_waiting && stats.idle > 0) << "waits beside an idle session";
  }

  void CheckTotals() {
    const PoolCounters counters = pool_->Stats().counters;
    EXPECT_EQ(counters.acquired, acquired_);
    EXPECT_EQ(counters.queue_full, refused_);
    EXPECT_EQ(counters.acquire_timeouts + counters.acquire_cancelled, unserved_);
    EXPECT_EQ(counters.opened, connector_->sessions().size());
    EXPECT_EQ(
        std::accumulate(counters.closed.begin(), counters.closed.end(), uint64_t{0}),
        counters.opened);
  }

  void Walk() {
    for (int i = 0; i < kSteps; ++i) {
      SCOPED_TRACE(::testing::Message() << "step " << i);
      ASSERT_NO_FATAL_FAILURE(Step());
      ASSERT_NO_FATAL_FAILURE(Collect());
      ASSERT_NO_FATAL_FAILURE(Check());
    }
    // Everybody is served or told in the end.
    clock_.Advance(absl::Minutes(1));
    pool_->Maintain();
    ASSERT_NO_FATAL_FAILURE(Collect());
    EXPECT_TRUE(waiters_.empty());
    leases_.clear();
  }

  std::mt19937_64 random_;
  std::vector<Lease> leases_;
  std::list<Waiter> waiters_;  // Oldest first.
  uint64_t acquired_ = 0;
  uint64_t refused_ = 0;
  uint64_t unserved_ = 0;
};

TEST_F(EndpointPoolWalkTest, KeepsItsInvariantsOnRandomWalks) {
  const uint64_t first_seed = std::random_device()();

  for (uint64_t seed = first_seed; seed < first_seed + kWalks; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    random_.seed(seed);
    connector_ = std::make_shared<FakeConnector>();
    acquired_ = refused_ = unserved_ = 0;
    ChooseOptions();
    MakePool(/*shards=*/2);

    ASSERT_NO_FATAL_FAILURE(Walk());
    ASSERT_NO_FATAL_FAILURE(TearDown());
    ASSERT_NO_FATAL_FAILURE(CheckTotals());
    ASSERT_FALSE(HasFailure());
  }
  pool_ = nullptr;
}

}  // namespace
}  // namespace pgsluice::testing
