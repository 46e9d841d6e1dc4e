// Write, then read what was written, over replicas that stop replaying at random: with
// the token of the write, never an older answer. PGSLUICE_TEST_LONG=1: 100 000 pairs.
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <random>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"

#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

constexpr size_t kReplicas = 3;
constexpr int kWorkers = 8;
constexpr int kPairs = 2'000;
constexpr int kLongPairs = 100'000;

int Pairs() {
  const char* const is_long = std::getenv("PGSLUICE_TEST_LONG");
  return is_long != nullptr && *is_long != '\0' ? kLongPairs : kPairs;
}

struct Totals {
  std::atomic<int> pairs = 0;
  std::atomic<int> stale = 0;
  std::atomic<int> failed = 0;
  std::atomic<int> by_replica = 0;
  std::atomic<int> stale_without_token = 0;
};

class StalenessTest : public LiveTest {
 public:
  static void SetUpTestSuite() { SetUpCluster({.replicas = kReplicas}); }

 protected:
  // Until `is_over`: some replica stops for a while, mostly shortly.
  static void PauseAtRandom(uint32_t seed, const std::atomic<bool>& is_over) {
    std::mt19937 random(seed);
    while (!is_over) {
      const size_t replica = 1 + random() % kReplicas;
      cluster().Sql(replica, "SELECT pg_wal_replay_pause()");
      const absl::Time until = absl::Now() + absl::Milliseconds(1 + random() % 60);
      while (!is_over && absl::Now() < until) absl::SleepFor(absl::Milliseconds(1));
      cluster().Sql(replica, "SELECT pg_wal_replay_resume()");
    }
  }

  // A counter of the worker's own: what it reads is what it wrote last, or older.
  void Work(int worker, Totals& totals) {
    std::mt19937 random(static_cast<uint32_t>(worker));
    while (totals.pairs.fetch_add(1) < Pairs()) {
      const Answer written = client().Query(
          "UPDATE counters SET value = value + 1 WHERE id = $1 RETURNING value",
          {Int(worker)});
      if (!written.ok() || written.response.token().empty()) {
        ADD_FAILURE() << written.failure;
        ++totals.failed;
        return;
      }
      const int64_t value = written.at(0, 0).int64();
      v1::QueryRequest read = MakeQuery("SELECT value FROM counters WHERE id = $1",
                                        {Int(worker)}, v1::INTENT_READ);
      if (random() % 10 == 0) {
        const Answer any = client().Query(read);
        if (any.ok() && any.at(0, 0).int64() < value) ++totals.stale_without_token;
      }
      read.mutable_options()->mutable_freshness()->set_at_least(written.response.token());
      read.mutable_options()->set_if_unmet(static_cast<v1::IfUnmet>(random() % 3));
      read.mutable_options()->set_report(true);
      const Answer answer = client().Query(read);
      if (!answer.ok()) {
        ++totals.failed;
        ADD_FAILURE() << answer.failure;
        continue;
      }
      if (answer.at(0, 0).int64() < value) ++totals.stale;
      if (answer.response.route().role() == "replica") ++totals.by_replica;
    }
  }
};

TEST_F(StalenessTest, WithATokenNoReadIsOlderThanItsWrite) {
  cluster().Sql(0, "CREATE TABLE counters (id int8 PRIMARY KEY, value int8)");
  cluster().Sql(0, absl::StrCat("INSERT INTO counters SELECT generate_series(0, ",
                                kWorkers - 1, "), 0"));
  ASSERT_TRUE(cluster().WaitCaughtUp().ok());
  StartGateway();
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::atomic<bool> is_over = false;
  std::vector<std::thread> pausers;
  for (uint32_t i = 0; i < kReplicas; ++i) {
    pausers.emplace_back([&, i] { PauseAtRandom(seed + i, is_over); });
  }
  Totals totals;
  const absl::Time begun = absl::Now();
  std::vector<std::thread> workers;
  for (int worker = 0; worker < kWorkers; ++worker) {
    workers.emplace_back([&, worker] { Work(worker, totals); });
  }
  for (std::thread& worker : workers) worker.join();
  is_over = true;
  for (std::thread& pauser : pausers) pauser.join();
  for (size_t i = 1; i <= kReplicas; ++i) {
    cluster().Sql(i, "SELECT pg_wal_replay_resume()");
  }

  const v1::FreshReads reads = client().PoolStats().fresh_reads();
  std::cout << Pairs() << " pairs in " << absl::Now() - begun << ": " << totals.stale
            << " stale, " << totals.failed << " failed, " << totals.by_replica
            << " reads by replicas; without a token " << totals.stale_without_token
            << " stale of about " << Pairs() / 10 << "; " << reads.ShortDebugString()
            << "\n";
  EXPECT_EQ(totals.stale, 0);
  EXPECT_EQ(totals.failed, 0);
  // Else nothing was put to the test.
  EXPECT_GT(totals.by_replica, Pairs() / 4);
  EXPECT_GT(totals.stale_without_token, 0);
  EXPECT_GT(reads.met_after_wait(), 0u);
}

}  // namespace
}  // namespace pgsluice::testing
