// The network between gateway and PostgreSQL misbehaves: cut after so many bytes,
// refused, black hole. Never a silently short result, never half a transaction.
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"

#include "tests/fault/fault_test.h"
#include "tests/testing/tcp_gate.h"

namespace pgsluice::testing {
namespace {

class ConnectionCutTest : public FaultTest {
 protected:
  void SetUp() override {
    LiveTest::SetUp();
    cluster().Sql(0, "DROP TABLE IF EXISTS ledger");
    cluster().Sql(0, "CREATE TABLE ledger (a int PRIMARY KEY)");
    gate_ = std::make_unique<TcpGate>(cluster().server(0).port());
    GatewaySettings settings;
    settings.conninfos = {absl::StrCat("host=127.0.0.1 port=", gate_->port(),
                                       " user=postgres dbname=postgres")};
    settings.set = {"probe.timeout=500ms", "limits.cancel_budget=300ms"};
    StartGateway(settings);
    ASSERT_TRUE(gateway().IsReady());
    ASSERT_TRUE(SeesRole(0, v1::ROLE_PRIMARY));
    ASSERT_TRUE(client().Query("SELECT 1").ok());
  }
  ::testing::AssertionResult IsRestored() {
    return WaitFor("calls succeed", [&] { return client().Query("SELECT 1").ok(); });
  }
  static std::string CountLedger() {
    return cluster().Sql(0, "SELECT count(*) FROM ledger");
  }

  std::unique_ptr<TcpGate> gate_;
};

TEST_F(ConnectionCutTest, InTheMiddleOfAStreamEndsItWithoutATrailer) {
  for (const int64_t bytes : {100'000, 1'000'000, 5'000'000}) {
    v1::StreamQueryRequest request =
        MakeStreamQuery("SELECT i, repeat('x', 100) FROM generate_series(1, 100000) i");
    request.mutable_options()->set_intent(v1::INTENT_READ);
    gate_->CutAfter(bytes);

    const StreamAnswer answer = client().Stream(request);

    EXPECT_EQ(answer.failure.code, grpc::StatusCode::UNAVAILABLE) << answer.failure;
    EXPECT_FALSE(answer.has_trailer);
    EXPECT_LT(answer.rows, 100000U);
    EXPECT_TRUE(IsRestored());
  }
}

TEST_F(ConnectionCutTest, InTheMiddleOfAWriteHasAnUnknownOutcome) {
  std::thread cutter([&] {
    EXPECT_TRUE(
        WaitFor("it runs", [] { return cluster().CountActive(0, "pg_sleep(1)") == 1; }));
    gate_->CutAll();
  });

  const Answer answer = client().Query("INSERT INTO ledger SELECT 1 FROM pg_sleep(1)");

  cutter.join();
  EXPECT_EQ(answer.failure.code, grpc::StatusCode::UNKNOWN) << answer.failure;
  EXPECT_EQ(answer.failure.verdict.outcome(), v1::OUTCOME_UNKNOWN);
  EXPECT_TRUE(IsRestored());
}

TEST_F(ConnectionCutTest, AtAnyByteOfATransactionLeavesAllOfItOrNothing) {
  int failed = 0;
  for (int64_t bytes = 1; bytes < 600; bytes += 23) {
    cluster().Sql(0, "TRUNCATE ledger");
    ASSERT_TRUE(IsRestored());
    gate_->CutAfter(bytes);

    TransactionStream transaction(client());
    bool is_committed = transaction.Begin().has_begun();
    for (int i = 1; is_committed && i <= 3; ++i) {
      is_committed =
          transaction.Execute("INSERT INTO ledger VALUES ($1)", {Int(i)}).has_result();
    }
    is_committed = is_committed && transaction.Commit().has_committed();
    const Failure failure = transaction.Finish();
    ASSERT_TRUE(IsRestored());
    ASSERT_TRUE(WaitFor("the old backend is gone", [] {
      return cluster().CountBackends(0, "idle in transaction") == 0;
    }));

    const std::string rows = CountLedger();
    SCOPED_TRACE(absl::StrCat("cut after ", bytes, " bytes: ", rows, " rows"));
    EXPECT_TRUE(rows == "0" || rows == "3");
    if (is_committed) {
      EXPECT_EQ(rows, "3");
    } else {
      EXPECT_TRUE(rows == "0" || failure.verdict.outcome() == v1::OUTCOME_UNKNOWN)
          << failure;
      ++failed;
    }
    gate_->CutAfter(INT64_MAX);
  }
  EXPECT_GT(failed, 0);
}

TEST_F(ConnectionCutTest, RefusedConnectionsAreTriedAgain) {
  gate_->SetMode(TcpGate::Mode::kRefuse);
  gate_->CutAll();
  ASSERT_TRUE(SeesUnreachable(0));
  ASSERT_TRUE(gateway().HasPools("the dead sessions are dropped", [](const auto& stats) {
    return TotalOpen(stats, "server0") == 0;
  }));

  const Answer refused = client().Query(MakeQuery("SELECT 1"), absl::Seconds(15));
  gate_->SetMode(TcpGate::Mode::kPass);

  EXPECT_EQ(refused.failure.verdict.outcome(), v1::OUTCOME_NOT_STARTED)
      << refused.failure;
  EXPECT_TRUE(IsRestored());
}

TEST_F(ConnectionCutTest, ABlackHoleEndsAtTheDeadline) {
  gate_->SetMode(TcpGate::Mode::kBlackHole);
  const absl::Time start = absl::Now();

  v1::QueryRequest request = MakeQuery("SELECT 1");
  request.mutable_options()->mutable_statement_timeout()->set_nanos(300'000'000);
  const Answer answer = client().Query(request);

  EXPECT_FALSE(answer.ok());
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
  gate_->SetMode(TcpGate::Mode::kPass);
  EXPECT_TRUE(IsRestored());
}

TEST_F(ConnectionCutTest, SlowAndThrottledLinksGiveTheWholeResult) {
  gate_->SetDelay(absl::Milliseconds(5));
  gate_->SetThrottle(4'000'000);

  const StreamAnswer answer =
      client().Stream(MakeStreamQuery("SELECT i FROM generate_series(1, 100000) i"));

  EXPECT_TRUE(answer.status.ok()) << answer.failure;
  EXPECT_EQ(answer.rows, 100000U);
  EXPECT_EQ(answer.sum, 5000050000U);
}

}  // namespace
}  // namespace pgsluice::testing
