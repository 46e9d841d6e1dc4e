// RunInTransaction of the C++ client on a real server: whatever collides is run again,
// until the final state is that of some serial order.
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"

#include "pgsluice/client.h"
#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

using client::Transaction;

constexpr int kThreads = 8;

class RunInTransactionTest : public LiveTest {
 public:
  static void SetUpTestSuite() {
    SetUpCluster({.replicas = 0, .configuration = "deadlock_timeout = 10ms\n"});
  }

 protected:
  void SetUp() override {
    LiveTest::SetUp();
    StartGateway();
    client::ClientOptions options;
    // Every thread hits the same rows: far more than a tenth is to be run again.
    options.max_attempts = 1000;
    options.retry_budget = 1000;
    options.retry_reserve = 1e6;
    client_.emplace(
        client::Client::Connect(absl::StrCat("127.0.0.1:", gateway().port()), options));
  }

  template <class Function>
  static void InThreads(Function run) {
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back([&run, i] { run(i); });
    for (std::thread& thread : threads) thread.join();
  }

  std::optional<client::Client> client_;
};

// At least one doctor must stay on call: each may go only if another stays.
TEST_F(RunInTransactionTest, WriteSkewDoesNotHappen) {
  cluster().Sql(0, "DROP TABLE IF EXISTS doctors");
  cluster().Sql(0, "CREATE TABLE doctors (id int PRIMARY KEY, on_call bool)");
  for (int round = 0; round < 5; ++round) {
    cluster().Sql(0, "TRUNCATE doctors");
    cluster().Sql(0, "INSERT INTO doctors SELECT i, true FROM generate_series(0, 7) i");
    client::TransactionOptions options;
    options.isolation = v1::ISOLATION_SERIALIZABLE;

    InThreads([&](int doctor) {
      const absl::Status done = client_->RunInTransaction(
          [doctor](Transaction& transaction) -> absl::Status {
            auto others =
                transaction.Execute("SELECT count(*) FROM doctors WHERE on_call");
            if (!others.ok()) return others.status();
            const auto count = (*others)[0].Get<int64_t>(0);
            if (!count.ok()) return count.status();
            if (*count < 2) return absl::OkStatus();
            return transaction
                .Execute("UPDATE doctors SET on_call = false WHERE id = $1", {doctor})
                .status();
          },
          options);
      EXPECT_TRUE(done.ok()) << done;
    });

    EXPECT_EQ(cluster().Sql(0, "SELECT count(*) FROM doctors WHERE on_call"), "1");
  }
}

// Transfers back and forth lock the same two rows in either order: deadlocks.
TEST_F(RunInTransactionTest, CrossingUpdatesAllHappenOnce) {
  constexpr int kTransfers = 10;
  cluster().Sql(0, "DROP TABLE IF EXISTS accounts");
  cluster().Sql(0, "CREATE TABLE accounts (id int PRIMARY KEY, balance int, moves int)");
  cluster().Sql(0, "INSERT INTO accounts VALUES (0, 1000, 0), (1, 1000, 0)");

  InThreads([&](int thread) {
    const int from = thread % 2;
    for (int i = 0; i < kTransfers; ++i) {
      const absl::Status done =
          client_->RunInTransaction([&](Transaction& transaction) -> absl::Status {
            auto taken = transaction.Execute(
                "UPDATE accounts SET balance = balance - 1, moves = moves + 1 "
                "WHERE id = $1",
                {from});
            if (!taken.ok()) return taken.status();
            return transaction
                .ExecuteAndCommit(
                    "UPDATE accounts SET balance = balance + 1, moves = moves + 1 "
                    "WHERE id = $1",
                    {1 - from})
                .status();
          });
      EXPECT_TRUE(done.ok()) << done;
    }
  });

  EXPECT_EQ(cluster().Sql(0, "SELECT string_agg(balance::text, ',') FROM accounts"),
            "1000,1000");
  EXPECT_EQ(cluster().Sql(0, "SELECT sum(moves) FROM accounts"),
            absl::StrCat(2 * kThreads * kTransfers));
}

TEST_F(RunInTransactionTest, OneStatementCountsUpWithoutLoss) {
  constexpr int kCounts = 20;
  cluster().Sql(0, "DROP TABLE IF EXISTS counter");
  cluster().Sql(0, "CREATE TABLE counter AS SELECT 0 AS n");
  client::TransactionOptions options;
  options.isolation = v1::ISOLATION_SERIALIZABLE;

  InThreads([&](int) {
    for (int i = 0; i < kCounts; ++i) {
      const auto done =
          client_->ExecuteInTransaction("UPDATE counter SET n = n + 1", {}, options);
      EXPECT_TRUE(done.ok()) << done.status();
    }
  });

  EXPECT_EQ(cluster().Sql(0, "SELECT n FROM counter"), absl::StrCat(kThreads * kCounts));
}

}  // namespace
}  // namespace pgsluice::testing
