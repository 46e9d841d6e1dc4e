// Deadlines and cancels: they count time in the queue, they stop the statement on the
// server, and they leave the session usable.
#include <string>
#include <thread>

#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

// What a loaded machine may add to a deadline.
constexpr absl::Duration kSlack = absl::Seconds(2);

class DeadlineTest : public LiveTest {
 protected:
  static bool IsIdle(const char* statement) {
    return cluster().CountActive(0, statement) == 0;
  }
};

TEST_F(DeadlineTest, AStatementIsCancelledAtTheDeadline) {
  StartGateway();
  const absl::Time start = absl::Now();

  const Answer answer =
      client().Query(MakeQuery("SELECT pg_sleep(61)"), absl::Milliseconds(200));

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::DEADLINE_EXCEEDED) << answer.failure;
  EXPECT_LT(absl::Now() - start, absl::Milliseconds(200) + kSlack);
  EXPECT_TRUE(WaitFor(
      "the backend is idle", [] { return IsIdle("pg_sleep(61)"); }, absl::Seconds(5)));
  EXPECT_TRUE(gateway().IsQuiet());
  EXPECT_TRUE(client().Query("SELECT 1").ok());
}

TEST_F(DeadlineTest, TheSessionIsKeptAfterACancel) {
  StartGateway({"pools.primary.max_size=1"});
  const int64_t before = client().Query("SELECT pg_backend_pid()").at(0, 0).int64();

  client().Query(MakeQuery("SELECT pg_sleep(61)"), absl::Milliseconds(100));
  const Answer after = client().Query("SELECT pg_backend_pid()");

  ASSERT_TRUE(after.ok()) << after.failure;
  EXPECT_EQ(after.at(0, 0).int64(), before);
  EXPECT_GE(PoolOf(client().PoolStats(), "server0").counters().cancels(), 1U);
}

TEST_F(DeadlineTest, TheServersOwnDeadlineHoldsForCallersWithoutOne) {
  StartGateway({"limits.default_deadline=200ms"});
  grpc::ClientContext context;
  v1::QueryResponse response;

  const grpc::Status status =
      client().stub().Query(&context, MakeQuery("SELECT pg_sleep(61)"), &response);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(Explain(status).verdict.scope(), v1::RETRY_SCOPE_NEVER) << Explain(status);
  EXPECT_TRUE(WaitFor("the backend is idle", [] { return IsIdle("pg_sleep(61)"); }));
}

TEST_F(DeadlineTest, TimeInTheQueueCounts) {
  StartGateway({"pools.primary.max_size=1", "pools.primary.acquire_timeout=30s"});
  TransactionStream holder(client());
  ASSERT_TRUE(holder.Begin().has_begun());
  const absl::Time start = absl::Now();

  const Answer answer = client().Query(MakeQuery("SELECT 1"), absl::Milliseconds(200));

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_LT(absl::Now() - start, absl::Milliseconds(200) + kSlack);
  EXPECT_TRUE(gateway().HasPools("the waiter is gone", [](const auto& stats) {
    return PoolOf(stats, "server0").waiters() == 0;
  }));
  holder.Rollback();
  holder.Finish();
  EXPECT_TRUE(client().Query("SELECT 1").ok());
}

TEST_F(DeadlineTest, AClientsCancelStopsTheStatement) {
  StartGateway();
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  std::thread canceller([&] {
    EXPECT_TRUE(WaitFor("the statement runs",
                        [] { return cluster().CountActive(0, "pg_sleep(61)") == 1; }));
    context.TryCancel();
  });
  v1::QueryResponse response;

  const grpc::Status status =
      client().stub().Query(&context, MakeQuery("SELECT pg_sleep(61)"), &response);

  canceller.join();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(WaitFor("the backend is idle", [] { return IsIdle("pg_sleep(61)"); }));
}

TEST_F(DeadlineTest, AStreamIsCancelledAtTheDeadline) {
  StartGateway();

  const StreamAnswer answer =
      client().Stream(MakeStreamQuery("SELECT pg_sleep(61)"), absl::Milliseconds(200));

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_TRUE(WaitFor("the backend is idle", [] { return IsIdle("pg_sleep(61)"); }));
}

TEST_F(DeadlineTest, ACallerWhoSwitchesTheTimeoutOffIsStillStopped) {
  StartGateway();

  const Answer answer = client().Query(
      MakeQuery("SELECT set_config('statement_timeout', '0', false), pg_sleep(61)"),
      absl::Milliseconds(300));

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_TRUE(WaitFor("the backend is idle", [] { return IsIdle("pg_sleep(61)"); }));
}

}  // namespace
}  // namespace pgsluice::testing
