#include <atomic>
#include <future>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "pgsluice/client.h"
#include "pgsluice/client/transaction.h"
#include "tests/client/fake_gateway.h"

namespace pgsluice::client {
namespace {

using ::pgsluice::testing::FakeGateway;
using ::pgsluice::testing::PlayTransaction;
using ::pgsluice::testing::TransactionServerStream;
using ::testing::ElementsAre;

class TransactionTest : public ::testing::Test {
 protected:
  TransactionTest() {
    gateway_.on_transaction = [this](grpc::ServerContext&,
                                     TransactionServerStream& stream) {
      std::vector<std::string> executed;
      grpc::Status status = PlayTransaction(stream, executed);
      executed_.set_value(executed);
      return status;
    };
  }

  // What the gateway saw, once the stream ended.
  std::vector<std::string> Executed() { return executed_.get_future().get(); }

  std::promise<std::vector<std::string>> executed_;
  FakeGateway gateway_;  // After what its threads touch: it goes first, and joins them.
  Client client_ = Client::Connect(gateway_.address());
};

TEST_F(TransactionTest, ExecutesAndCommits) {
  auto transaction = client_.Begin();
  ASSERT_TRUE(transaction.ok()) << transaction.status();

  EXPECT_EQ(transaction->route().endpoint(), "primary-0");
  EXPECT_TRUE(transaction->is_active());
  EXPECT_EQ(transaction->Execute("one").value().command_tag(), "OK");
  EXPECT_TRUE(transaction->Savepoint("s").ok());
  EXPECT_TRUE(transaction->Release("s").ok());
  EXPECT_TRUE(transaction->Commit().ok());

  EXPECT_EQ(transaction->state(), v1::TRANSACTION_STATE_ENDED);
  EXPECT_TRUE(absl::IsFailedPrecondition(transaction->Execute("late").status()));
  EXPECT_THAT(Executed(), ElementsAre("one", "commit"));
}

TEST_F(TransactionTest, IsDroppedWithoutCommit) {
  {
    auto transaction = client_.Begin();
    ASSERT_TRUE(transaction.ok());
    ASSERT_TRUE(transaction->Execute("one").ok());
  }

  EXPECT_THAT(Executed(), ElementsAre("one", "dropped"));
}

TEST_F(TransactionTest, CommitOfAFailedTransactionIsAborted) {
  auto transaction = client_.Begin();
  ASSERT_TRUE(transaction.ok());

  EXPECT_EQ(Error(transaction->Execute("fail").status()).sqlstate(), "23505");
  EXPECT_EQ(transaction->state(), v1::TRANSACTION_STATE_FAILED);
  const absl::Status committed = transaction->Commit();

  EXPECT_TRUE(absl::IsAborted(committed)) << committed;
  EXPECT_THAT(Executed(), ElementsAre("fail", "rollback"));
}

TEST_F(TransactionTest, RollbackToRevivesIt) {
  auto transaction = client_.Begin();
  ASSERT_TRUE(transaction.ok());
  ASSERT_TRUE(transaction->Savepoint("s").ok());
  ASSERT_FALSE(transaction->Execute("fail").ok());

  EXPECT_TRUE(transaction->RollbackTo("s").ok());
  EXPECT_TRUE(transaction->is_active());
  EXPECT_TRUE(transaction->Commit().ok());
}

TEST_F(TransactionTest, StreamsRowsThatKnowTheirColumns) {
  auto transaction = client_.Begin();
  ASSERT_TRUE(transaction.ok());
  std::vector<int> ids;
  {
    auto rows = transaction->Query("rows");
    ASSERT_TRUE(rows.ok());
    EXPECT_TRUE(absl::IsFailedPrecondition(transaction->Execute("too early").status()));
    for (Row row : *rows) {
      ASSERT_NE(rows->columns(), nullptr);
      EXPECT_EQ((*rows->columns())[1].name(), "name");
      ids.push_back(row.Get<int>("id").value());
    }
    EXPECT_TRUE(rows->status().ok()) << rows->status();
    EXPECT_EQ(rows->trailer().command_tag(), "SELECT 2");
  }

  EXPECT_THAT(ids, ElementsAre(1, 2));
  EXPECT_TRUE(transaction->Commit().ok());
}

TEST_F(TransactionTest, AStreamWithoutRowsHasColumnsToo) {
  auto transaction = client_.Begin();
  ASSERT_TRUE(transaction.ok());
  {
    auto rows = transaction->Query("no rows");
    ASSERT_TRUE(rows.ok());
    EXPECT_FALSE(rows->Next().has_value());
    EXPECT_TRUE(rows->status().ok()) << rows->status();
    ASSERT_NE(rows->columns(), nullptr);
    EXPECT_EQ(rows->columns()->size(), 2U);
  }

  EXPECT_TRUE(transaction->Commit().ok());
}

TEST_F(TransactionTest, GoesOnBehindADroppedStream) {
  auto transaction = client_.Begin();
  ASSERT_TRUE(transaction.ok());
  {
    auto rows = transaction->Query("rows");
    ASSERT_TRUE(rows.ok());
    ASSERT_TRUE(rows->Next().has_value());
  }

  EXPECT_TRUE(transaction->Execute("after").ok());
  EXPECT_TRUE(transaction->Commit().ok());
}

TEST_F(TransactionTest, TellsOfTheDrain) {
  auto transaction = client_.Begin();
  ASSERT_TRUE(transaction.ok());

  EXPECT_EQ(transaction->drain_notice(), std::nullopt);
  EXPECT_TRUE(transaction->Execute("drain").ok());
  EXPECT_EQ(transaction->drain_notice(), absl::Seconds(7));
}

TEST_F(TransactionTest, ExecutesAndCommitsAtOnce) {
  auto transaction = client_.Begin();
  ASSERT_TRUE(transaction.ok());

  EXPECT_EQ(transaction->ExecuteAndCommit("last").value().command_tag(), "OK");

  EXPECT_EQ(transaction->state(), v1::TRANSACTION_STATE_ENDED);
  EXPECT_TRUE(transaction->Commit().ok());
  EXPECT_THAT(Executed(), ElementsAre("last", "commit"));
}

TEST_F(TransactionTest, ALastStatementThatFailsIsRolledBack) {
  auto transaction = client_.Begin();
  ASSERT_TRUE(transaction.ok());

  const absl::Status failed = transaction->ExecuteAndCommit("fail").status();

  EXPECT_EQ(Error(failed).sqlstate(), "23505") << failed;
  EXPECT_FALSE(transaction->Commit().ok());
  EXPECT_THAT(Executed(), ElementsAre("fail", "rollback"));
}

TEST_F(TransactionTest, OneStatementIsOneRequest) {
  EXPECT_EQ(client_.ExecuteInTransaction("only").value().command_tag(), "OK");
  EXPECT_THAT(Executed(), ElementsAre("only", "commit"));
}

// Plays up to the named request, then breaks the stream without a word.
class BrokenTransactionTest : public ::testing::Test {
 protected:
  Transaction BeginAndBreakAt(v1::TransactionRequest::RequestCase at) {
    gateway_.on_transaction = [at](grpc::ServerContext&,
                                   TransactionServerStream& stream) {
      v1::TransactionRequest request;
      while (stream.Read(&request) && request.request_case() != at) {
        v1::TransactionResponse response;
        response.set_seq(request.seq());
        response.set_state(v1::TRANSACTION_STATE_ACTIVE);
        response.mutable_begun();
        stream.Write(response);
      }
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "connection lost");
    };
    return client_.Begin().value();
  }

  FakeGateway gateway_;
  Client client_ = Client::Connect(gateway_.address());
};

TEST_F(BrokenTransactionTest, LostDuringCommitIsUnknown) {
  Transaction transaction = BeginAndBreakAt(v1::TransactionRequest::kCommit);

  const Error error(transaction.Commit());

  EXPECT_TRUE(error.outcome_unknown());
  EXPECT_EQ(error.retry_scope(), v1::RETRY_SCOPE_RESOLVE_FIRST);
}

TEST_F(BrokenTransactionTest, LostBeforeCommitIsRolledBack) {
  Transaction transaction = BeginAndBreakAt(v1::TransactionRequest::kExecute);

  const Error error(transaction.Execute("one").status());

  EXPECT_EQ(error.outcome(), v1::OUTCOME_ROLLED_BACK);
  EXPECT_EQ(error.retry_scope(), v1::RETRY_SCOPE_TRANSACTION);
  EXPECT_FALSE(transaction.is_active());
}

TEST(RunInTransactionTest, RunsAgainOnASerializationFailure) {
  FakeGateway gateway;
  std::atomic<int> streams = 0;
  gateway.on_transaction = [&](grpc::ServerContext&, TransactionServerStream& stream) {
    std::vector<std::string> executed;
    if (++streams > 1) return PlayTransaction(stream, executed);
    v1::TransactionRequest request;
    stream.Read(&request);
    v1::TransactionResponse begun;
    begun.set_seq(request.seq());
    begun.set_state(v1::TRANSACTION_STATE_ACTIVE);
    begun.mutable_begun();
    stream.Write(begun);
    v1::TransactionResponse failed;
    failed.set_seq(request.seq());
    failed.set_state(v1::TRANSACTION_STATE_FAILED);
    *failed.mutable_statement_error() =
        testing::MakeRpcStatus({.code = grpc::StatusCode::ABORTED,
                                .sqlstate = "40001",
                                .scope = v1::RETRY_SCOPE_TRANSACTION});
    stream.Write(failed);
    while (stream.Read(&request)) {
    }
    return grpc::Status::OK;
  };
  const Client client = Client::Connect(gateway.address());

  const absl::Status done = client.RunInTransaction(
      [](Transaction& transaction) { return transaction.Execute("one").status(); });

  EXPECT_TRUE(done.ok()) << done;
  EXPECT_EQ(streams, 2);
}

TEST(RunInTransactionTest, StopsWhenTheRetryBudgetIsSpent) {
  FakeGateway gateway;
  std::atomic<int> streams = 0;
  gateway.on_transaction = [&](grpc::ServerContext&, TransactionServerStream& stream) {
    ++streams;
    v1::TransactionRequest request;
    stream.Read(&request);
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "lost");
  };
  ClientOptions options;
  options.max_attempts = 100;
  options.retry_reserve = 2;
  const Client client = Client::Connect(gateway.address(), options);

  const auto run = [&] {
    return client.RunInTransaction(
        [](Transaction& transaction) { return transaction.Execute("one").status(); });
  };

  EXPECT_FALSE(run().ok());
  EXPECT_EQ(streams, 3);
  EXPECT_FALSE(run().ok());
  EXPECT_EQ(streams, 4);
}

TEST(RunInTransactionTest, NeverRunsAgainWhenTheOutcomeIsUnknown) {
  FakeGateway gateway;
  std::atomic<int> streams = 0;
  gateway.on_transaction = [&](grpc::ServerContext&, TransactionServerStream& stream) {
    ++streams;
    v1::TransactionRequest request;
    stream.Read(&request);
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "lost");
  };
  const Client client = Client::Connect(gateway.address());

  const absl::Status lost = client.ExecuteInTransaction("one").status();

  EXPECT_TRUE(Error(lost).outcome_unknown()) << lost;
  EXPECT_EQ(streams, 1);
}

}  // namespace
}  // namespace pgsluice::client
