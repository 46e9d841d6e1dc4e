// The corpus of hostile statements through every method: refused or contained, the
// neighbour unharmed, and the outcome of a transaction never another than was told.
#include "tests/fault/hostile_statements.h"

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"

#include "tests/fault/fault_test.h"
#include "tests/fault/session_snapshot.h"

namespace pgsluice::testing {
namespace {

class HostileStatementsTest : public FaultTest {
 public:
  static void SetUpTestSuite() {
    SetUpCluster({.replicas = 0});
    if (HasFatalFailure()) return;
    for (const char* sql : kHostileFixtures) cluster().Sql(0, sql);
  }

 protected:
  void SetUp() override {
    LiveTest::SetUp();
    // One session: the next caller gets the one that the last has used.
    StartGateway({"pools.primary.max_size=1", "server.shards=1"});
    baseline_ = SessionSnapshot(client(), "");
  }

  void ExpectUnharmed(const std::string& method, const std::string& sql) {
    EXPECT_EQ(SessionSnapshot(client(), ""), baseline_) << method << ": " << sql;
  }
  uint64_t Acquired() {
    return PoolOf(client().PoolStats(), "server0").counters().acquired();
  }
  bool IsPresent(const std::string& name) {
    return cluster().Sql(0, "SELECT count(*) FROM ledger WHERE name = $1", {name}) != "0";
  }

  // Writes, runs `sql`, and ends as asked: what the stream says has happened must be so.
  void InTransaction(const std::string& sql, bool commits) {
    const std::string name = absl::StrCat("marker", ++markers_);
    TransactionStream transaction(client());
    ASSERT_TRUE(transaction.Begin().has_begun());
    ASSERT_TRUE(
        transaction.Execute("INSERT INTO ledger VALUES ($1)", {Text(name)}).has_result());
    const v1::TransactionResponse response = transaction.Execute(sql);
    const bool is_answered = response.has_result() || response.has_statement_error();
    v1::TransactionResponse end;
    if (is_answered) end = commits ? transaction.Commit() : transaction.Rollback();
    transaction.Finish();
    // TRUNCATE and the like are what the caller asked for.
    const bool may_remove = sql.starts_with("TRUNCATE");
    if (end.has_committed() && !may_remove) {
      EXPECT_TRUE(IsPresent(name)) << "told committed: " << sql;
    } else if (end.has_rolled_back()) {
      EXPECT_FALSE(IsPresent(name)) << "told rolled back: " << sql;
    }
  }

  struct BatchEnd {
    Failure failure;
    v1::BatchResponse response;
  };
  // Writes `name`, runs `sql`, and reads.
  BatchEnd InBatch(v1::BatchMode mode, const std::string& name, const std::string& sql) {
    v1::BatchRequest request;
    request.set_mode(mode);
    *request.add_steps()->mutable_statement() =
        MakeStatement("INSERT INTO ledger VALUES ($1)", {Text(name)});
    *request.add_steps()->mutable_statement() = MakeStatement(sql);
    *request.add_steps()->mutable_statement() = MakeStatement("SELECT 1");
    BatchEnd end;
    grpc::ClientContext context;
    SetDeadline(context, kCallLimit);
    end.failure = Explain(client().stub().Batch(&context, request, &end.response));
    return end;
  }

  std::string baseline_;
  int markers_ = 0;
};

TEST_F(HostileStatementsTest, TransactionControlIsRefusedBeforeItIsSent) {
  for (const char* sql : kRefusedStatements) {
    SCOPED_TRACE(sql);
    const uint64_t acquired = Acquired();

    const Answer answer = client().Query(sql);
    const StreamAnswer stream = client().Stream(MakeStreamQuery(sql));

    for (const Failure& failure : {answer.failure, stream.failure}) {
      EXPECT_EQ(failure.code, grpc::StatusCode::INVALID_ARGUMENT) << failure;
      EXPECT_EQ(failure.verdict.outcome(), v1::OUTCOME_NOT_STARTED) << failure;
    }
    EXPECT_EQ(Acquired(), acquired) << "a session was taken";
  }
}

TEST_F(HostileStatementsTest, NoBatchTakesASessionForThem) {
  for (const char* sql : kRefusedStatements) {
    for (const v1::BatchMode mode : {v1::BATCH_MODE_ATOMIC, v1::BATCH_MODE_INDEPENDENT}) {
      SCOPED_TRACE(absl::StrCat(v1::BatchMode_Name(mode), ": ", sql));
      const uint64_t acquired = Acquired();
      const std::string name = absl::StrCat("marker", ++markers_);

      const BatchEnd end = InBatch(mode, name, sql);

      EXPECT_EQ(end.failure.code, grpc::StatusCode::INVALID_ARGUMENT) << end.failure;
      EXPECT_EQ(end.failure.verdict.outcome(), v1::OUTCOME_NOT_STARTED) << end.failure;
      EXPECT_EQ(Acquired(), acquired) << "a session was taken";
      EXPECT_FALSE(IsPresent(name));
    }
  }
}

TEST_F(HostileStatementsTest, InATransactionTheyAreRefusedAndItGoesOn) {
  for (const char* sql : kRefusedStatements) {
    SCOPED_TRACE(sql);
    TransactionStream transaction(client());
    ASSERT_TRUE(transaction.Begin().has_begun());

    const v1::TransactionResponse refused = transaction.Execute(sql);
    const v1::TransactionResponse next = transaction.Execute("SELECT 1");

    EXPECT_TRUE(refused.has_statement_error()) << refused.ShortDebugString();
    EXPECT_TRUE(next.has_result()) << next.ShortDebugString();
    EXPECT_TRUE(transaction.Commit().has_committed());
    transaction.Finish();
  }
}

// libpq closes the socket at once; the next connection gets its number.
TEST_F(HostileStatementsTest, ASessionThatEndsItselfKeepsNobodyWaiting) {
  for (int i = 0; i < 20; ++i) {
    client().Query("SELECT pg_terminate_backend(pg_backend_pid())");
    const Answer next = client().Query(MakeQuery("SELECT 1"), absl::Seconds(4));
    ASSERT_TRUE(next.ok()) << next.failure;
  }
}

TEST_F(HostileStatementsTest, WhateverIsSentLeavesTheNeighbourUnharmed) {
  for (const char* sql : kContainedStatements) {
    client().Query(sql);
    ExpectUnharmed("Query", sql);
    client().Stream(MakeStreamQuery(sql));
    ExpectUnharmed("StreamQuery", sql);
    if (HasFailure()) return;
  }
}

TEST_F(HostileStatementsTest, ATransactionEndsAsItSays) {
  for (const char* sql : kContainedStatements) {
    for (const bool commits : {true, false}) {
      InTransaction(sql, commits);
      ExpectUnharmed(commits ? "Transaction, commit" : "Transaction, rollback", sql);
    }
    if (HasFailure()) return;
  }
}

// What is told of the marker that the first step writes must be so.
TEST_F(HostileStatementsTest, ABatchEndsAsItSays) {
  for (const char* sql : kContainedStatements) {
    for (const v1::BatchMode mode : {v1::BATCH_MODE_ATOMIC, v1::BATCH_MODE_INDEPENDENT}) {
      const std::string method = v1::BatchMode_Name(mode);
      const std::string name = absl::StrCat("marker", ++markers_);
      const BatchEnd end = InBatch(mode, name, sql);
      // TRUNCATE and the like are what the caller asked for.
      const bool may_remove = std::string_view(sql).starts_with("TRUNCATE");
      const bool is_told_present = end.failure.code == grpc::StatusCode::OK &&
                                   end.response.results(0).has_result();
      const bool is_told_absent =
          end.failure.verdict.outcome() == v1::OUTCOME_ROLLED_BACK ||
          end.failure.verdict.outcome() == v1::OUTCOME_NOT_STARTED;
      if (is_told_present && !may_remove) {
        EXPECT_TRUE(IsPresent(name)) << method << ", told committed: " << sql;
      } else if (is_told_absent) {
        EXPECT_FALSE(IsPresent(name)) << method << ", told rolled back: " << sql;
      }
      ExpectUnharmed(method, sql);
    }
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace pgsluice::testing
