// Random sequences of statements that leave state behind, by caller A; then caller B, on
// the same and only session, must find it as new. PGSLUICE_TEST_LONG=1 runs ten thousand
// sequences and more; PGSLUICE_TEST_SEED repeats a run.
#include <cstdlib>
#include <iostream>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "tests/fault/fault_test.h"
#include "tests/fault/session_snapshot.h"
#include "tests/fault/state_changes.h"

namespace pgsluice::testing {
namespace {

constexpr int kShortRun = 120;
constexpr int kLongRun = 10'000;
constexpr int kLongestSequence = 6;

std::vector<const char*> Changes(bool with_hidden) {
  std::vector<const char*> changes(std::begin(kVisibleChanges),
                                   std::end(kVisibleChanges));
  if (with_hidden) {
    changes.insert(changes.end(), std::begin(kHiddenChanges), std::end(kHiddenChanges));
  }
  return changes;
}

class StateLeakTest : public FaultTest {
 public:
  static void SetUpTestSuite() {
    LiveTest::SetUpTestSuite();
    for (const char* sql : kStateFixtures) cluster().Sql(0, sql);
    seeded_ = cluster().Sql(0, "SELECT random()::text FROM setseed(0.42)");
  }

 protected:
  void SetUp() override {
    LiveTest::SetUp();
    const char* seed = std::getenv("PGSLUICE_TEST_SEED");
    if (seed == nullptr || !absl::SimpleAtoi(seed, &seed_))
      seed_ = std::random_device()();
    random_.seed(seed_);
  }

  static int CountOfSequences() {
    return std::getenv("PGSLUICE_TEST_LONG") != nullptr ? kLongRun : kShortRun;
  }

  std::string Snapshot() { return SessionSnapshot(client(), seeded_); }

  // Each statement a call of its own, in one of several ways.
  void CallEach(const std::vector<std::string>& sequence) {
    for (const std::string& sql : sequence) {
      switch (random_() % 5) {
        case 0: client().Stream(MakeStreamQuery(sql)); break;
        case 1:
          client().Query(MakeQuery(sql), absl::Milliseconds(random_() % 8 + 1));
          break;
        default: client().Query(sql);
      }
    }
  }

  // All of them in one transaction, with one of its several ends.
  void CallInTransaction(const std::vector<std::string>& sequence) {
    TransactionStream transaction(client());
    transaction.Begin();
    for (const std::string& sql : sequence) {
      const bool has_savepoint = random_() % 2 == 0;
      if (has_savepoint) transaction.Savepoint("s");
      const v1::TransactionResponse response = transaction.Execute(sql);
      if (has_savepoint && response.has_statement_error()) transaction.RollbackTo("s");
    }
    switch (random_() % 5) {
      case 0: transaction.Rollback(); break;
      case 1: transaction.HalfClose(); break;
      case 2: transaction.Cancel(); return;
      default: transaction.Commit();
    }
    transaction.Finish();
  }

  // Prepared statements of the gateway are there, and are its own.
  void ExpectOwnPreparedStatements(bool in_transaction) {
    constexpr char kOwn[] = "SELECT 41 + $1::int8";
    if (!in_transaction) {
      const Answer answer = client().Query(kOwn, {Int(1)});
      EXPECT_TRUE(answer.ok()) << answer.failure;
      EXPECT_EQ(answer.at(0, 0).int64(), 42);
      return;
    }
    TransactionStream transaction(client());
    transaction.Begin();
    const v1::TransactionResponse response = transaction.Execute(kOwn, {Int(1)});
    EXPECT_TRUE(response.has_result()) << response.ShortDebugString();
    if (response.has_result()) {
      EXPECT_EQ(response.result().rows(0).values(0).int64(), 42);
    }
    transaction.Commit();
    transaction.Finish();
  }

  void ExpectNoLeak(const std::vector<const char*>& changes, int sequences) {
    const std::string baseline = Snapshot();
    const absl::Time start = absl::Now();
    for (int i = 0; i < sequences && !HasFailure(); ++i) {
      std::vector<std::string> sequence(random_() % kLongestSequence + 1);
      for (std::string& sql : sequence) sql = changes[random_() % changes.size()];
      const bool in_transaction = random_() % 2 == 0;
      in_transaction ? CallInTransaction(sequence) : CallEach(sequence);

      EXPECT_EQ(Snapshot(), baseline)
          << "seed " << seed_ << ", sequence " << i
          << (in_transaction ? ", in one transaction:\n" : ", call by call:\n")
          << absl::StrJoin(sequence, ";\n");
      ExpectOwnPreparedStatements(i % 2 == 0);
    }
    const v1::PoolCounters counters = PoolOf(client().PoolStats(), "server0").counters();
    std::cout << sequences << " sequences in " << absl::Now() - start << ", "
              << counters.resets() << " resets, " << counters.opened()
              << " sessions opened\n";
    EXPECT_GT(counters.resets(), static_cast<uint64_t>(sequences) / 2);
    // A session that is replaced proves nothing.
    EXPECT_LT(counters.opened(), static_cast<uint64_t>(sequences) / 4 + 5);
  }

  static std::string seeded_;  // What random() draws first after one of the changes.
  uint32_t seed_ = 0;
  std::mt19937 random_;
};

std::string StateLeakTest::seeded_;

TEST_F(StateLeakTest, WhatTheTextOfAStatementShowsDoesNotReachTheNextCaller) {
  StartGateway({"pools.primary.max_size=1"});

  ExpectNoLeak(Changes(/*with_hidden=*/false), CountOfSequences());
}

TEST_F(StateLeakTest, WhatViewsAndTriggersHideDoesNotEitherIfResetsComeAlways) {
  StartGateway({"pools.primary.max_size=1", "session.reset=ALWAYS"});

  ExpectNoLeak(Changes(/*with_hidden=*/true), CountOfSequences());
}

TEST_F(StateLeakTest, FullResetsLeaveNothingEither) {
  StartGateway({"pools.primary.max_size=1", "session.reset=FULL"});

  ExpectNoLeak(Changes(/*with_hidden=*/false), CountOfSequences() / 4);
}

}  // namespace
}  // namespace pgsluice::testing
