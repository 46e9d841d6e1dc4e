// The primary crashes and comes back under load: service is restored, and a ledger of
// unique numbers shows that no outcome was claimed that was not so.
#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"

#include "tests/fault/fault_test.h"

namespace pgsluice::testing {
namespace {

constexpr int kWriters = 6;
constexpr int kRestarts = 3;

// What writers were told of each number.
struct Ledger {
  std::mutex mutex;
  std::set<int64_t> acknowledged;
  std::set<int64_t> denied;  // Not started, or rolled back.
  std::set<int64_t> in_doubt;
  std::set<grpc::StatusCode> codes;
};

class PrimaryRestartTest : public FaultTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    cluster().Sql(0, "DROP TABLE IF EXISTS ledger");
    cluster().Sql(0, "CREATE TABLE ledger (a int8 PRIMARY KEY)");
  }

  static void Enter(Ledger& ledger, int64_t number, const Failure& failure) {
    const std::lock_guard lock(ledger.mutex);
    ledger.codes.insert(failure.code);
    if (failure.code == grpc::StatusCode::OK) {
      ledger.acknowledged.insert(number);
    } else if (failure.verdict.outcome() == v1::OUTCOME_NOT_STARTED ||
               failure.verdict.outcome() == v1::OUTCOME_ROLLED_BACK) {
      ledger.denied.insert(number);
    } else {
      ledger.in_doubt.insert(number);
      EXPECT_NE(failure.code, grpc::StatusCode::UNAVAILABLE)
          << "retry policies would send it again: " << failure;
    }
  }
  Failure WriteByTransaction(int64_t number) {
    TransactionStream transaction(client());
    if (!transaction.Begin().has_begun()) return transaction.Finish();
    if (!transaction.Execute("INSERT INTO ledger VALUES ($1)", {Int(number)})
             .has_result()) {
      return transaction.Finish();
    }
    const bool is_committed = transaction.Commit().has_committed();
    Failure failure = transaction.Finish();
    if (is_committed) failure.code = grpc::StatusCode::OK;
    return failure;
  }
  static std::set<int64_t> Written() {
    std::set<int64_t> numbers;
    const auto rows = cluster().TrySql(0, "SELECT a FROM ledger");
    EXPECT_TRUE(rows.ok()) << rows.status();
    for (const SqlRow& row : *rows)
      numbers.insert(std::stoll(row.front().value_or("-1")));
    return numbers;
  }
};

TEST_F(PrimaryRestartTest, NoOutcomeIsClaimedThatWasNotSo) {
  StartGateway();
  Ledger ledger;
  std::atomic<int64_t> next = 0;
  std::atomic<bool> is_over = false;
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      while (!is_over) {
        const int64_t number = ++next;
        Enter(
            ledger, number,
            w % 2 == 0
                ? client().Query("INSERT INTO ledger VALUES ($1)", {Int(number)}).failure
                : WriteByTransaction(number));
      }
    });
  }
  const auto acknowledged = [&] {
    const std::lock_guard lock(ledger.mutex);
    return ledger.acknowledged.size();
  };
  const auto goes_on = [&] {
    const size_t before = acknowledged();
    return WaitFor("writes go through", [&] { return acknowledged() >= before + 200; });
  };

  for (int i = 1; i <= kRestarts; ++i) {
    EXPECT_TRUE(goes_on());
    ASSERT_TRUE(cluster().server(0).Stop(StopMode::kImmediate).ok());
    ASSERT_TRUE(cluster().server(0).Start().ok());
    EXPECT_TRUE(SeesRole(0, v1::ROLE_PRIMARY));
    EXPECT_TRUE(goes_on()) << "service is not restored";
  }
  is_over = true;
  for (std::thread& writer : writers) writer.join();

  const std::set<int64_t> written = Written();
  for (const int64_t number : ledger.acknowledged) {
    EXPECT_TRUE(written.contains(number)) << number << " was acknowledged and is lost";
  }
  for (const int64_t number : ledger.denied) {
    EXPECT_FALSE(written.contains(number)) << number << " was denied and is there";
  }
  EXPECT_GT(ledger.denied.size() + ledger.in_doubt.size(), 0U) << "no fault was felt";
  for (const grpc::StatusCode code : ledger.codes) {
    EXPECT_TRUE(code == grpc::StatusCode::OK || code == grpc::StatusCode::UNAVAILABLE ||
                code == grpc::StatusCode::UNKNOWN || code == grpc::StatusCode::ABORTED ||
                code == grpc::StatusCode::RESOURCE_EXHAUSTED)
        << "code " << code;
  }
}

TEST_F(PrimaryRestartTest, ReadsGoOnWhileThePrimaryIsDown) {
  StartGateway({"routing.failover_buffer_time=1s"});
  ASSERT_TRUE(client().Read("SELECT 1").ok());

  ASSERT_TRUE(cluster().server(0).Stop(StopMode::kImmediate).ok());
  ASSERT_TRUE(SeesUnreachable(0));
  for (int i = 0; i < 50; ++i) {
    const Answer read = client().Read("SELECT 1");
    EXPECT_TRUE(read.ok()) << read.failure;
  }
  const Answer write = client().Query(MakeQuery("SELECT 1"), absl::Seconds(10));
  EXPECT_EQ(write.failure.verdict.outcome(), v1::OUTCOME_NOT_STARTED) << write.failure;

  ASSERT_TRUE(cluster().server(0).Start().ok());
  EXPECT_TRUE(
      WaitFor("writes are served", [&] { return client().Query("SELECT 1").ok(); }));
}

TEST_F(PrimaryRestartTest, AReplicaThatCrashesUnderLoadIsReplacedByThePrimary) {
  StartGateway();
  std::atomic<bool> is_over = false;
  std::atomic<int> successes = 0;
  std::vector<std::thread> readers;
  for (int r = 0; r < kWriters; ++r) {
    readers.emplace_back([&] {
      while (!is_over) {
        const Answer answer = client().Read("SELECT 41 + $1::int8", {Int(1)});
        if (answer.ok()) {
          ++successes;
          EXPECT_EQ(answer.at(0, 0).int64(), 42);
        } else {
          EXPECT_EQ(answer.failure.code, grpc::StatusCode::UNAVAILABLE) << answer.failure;
        }
      }
    });
  }
  const auto goes_on = [&] {
    const int before = successes;
    return WaitFor("reads go through", [&] { return successes > before + 200; });
  };

  EXPECT_TRUE(goes_on());
  ASSERT_TRUE(cluster().server(1).Stop(StopMode::kImmediate).ok());
  EXPECT_TRUE(goes_on());
  ASSERT_TRUE(cluster().server(1).Start().ok());
  EXPECT_TRUE(SeesRole(1, v1::ROLE_REPLICA));
  EXPECT_TRUE(goes_on());
  is_over = true;
  for (std::thread& reader : readers) reader.join();

  EXPECT_TRUE(WaitFor("the replica serves reads again", [&] {
    return client().Read("SELECT pg_is_in_recovery()").at(0, 0).bool_();
  }));
}

}  // namespace
}  // namespace pgsluice::testing
