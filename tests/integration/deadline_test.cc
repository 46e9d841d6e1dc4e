// Deadlines and cancels: they count time in the queue, they stop the statement on the
// server, and they leave the session usable.
#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/testing/live_test.h"
#include "tests/testing/tcp_gate.h"

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

// The server's own view, while no cancel can reach it: new connections are refused.
TEST_F(DeadlineTest, NothingOutlivesItsDeadlineOnTheServerByMoreThanASecond) {
  TcpGate gate(cluster().server(0).port());
  GatewaySettings settings;
  settings.conninfos = {absl::StrCat("host=127.0.0.1 port=", gate.port(),
                                     " user=postgres dbname=postgres")};
  settings.set = {"pools.primary.max_size=8", "pools.primary.min_size=8"};
  StartGateway(settings);
  ASSERT_TRUE(gateway().IsReady());
  ASSERT_TRUE(gateway().HasPools("all sessions are open", [](const auto& stats) {
    return PoolOf(stats, "server0").open() >= 8;
  }));
  gate.SetMode(TcpGate::Mode::kRefuse);

  std::vector<std::thread> callers;
  for (const int deadline : {1, 5, 20, 50, 100, 200, 350, 500}) {
    callers.emplace_back([&, deadline] {
      client().Query(MakeQuery("SELECT pg_sleep(64), $1::int8", {Int(deadline)}),
                     absl::Milliseconds(deadline));
    });
  }
  double oldest = 0;
  for (std::thread& caller : callers) caller.join();
  const bool are_over = static_cast<bool>(WaitFor("they are over", [&] {
    oldest = std::max(
        oldest, std::stod(cluster().Sql(
                    0,
                    "SELECT coalesce(max(extract(epoch FROM clock_timestamp() - "
                    "query_start)), 0) FROM pg_stat_activity WHERE state = 'active' "
                    "AND pid <> pg_backend_pid() AND query LIKE '%pg_sleep(64)%'")));
    return IsIdle("pg_sleep(64)");
  }));

  EXPECT_TRUE(are_over);
  EXPECT_LE(oldest, 0.5 + 1.0 + 0.5) << "deadline, a second, a loaded machine";
  gate.SetMode(TcpGate::Mode::kPass);
  EXPECT_TRUE(
      WaitFor("it is served again", [&] { return client().Query("SELECT 1").ok(); }));
  EXPECT_TRUE(gateway().IsQuiet());
}

TEST_F(DeadlineTest, TheServersTimeoutFollowsTheDeadlineAndReachesNobodyElse) {
  StartGateway({"pools.primary.max_size=1"});
  const auto timeout = [&](absl::Duration deadline) {
    return client()
        .Query(MakeQuery("SELECT setting::int8 FROM pg_settings WHERE name = "
                         "'statement_timeout'"),
               deadline)
        .at(0, 0)
        .int64();
  };

  for (const int seconds : {3, 3, 12, 5, 5}) {
    const int64_t set = timeout(absl::Seconds(seconds));
    EXPECT_GT(set, 1000 * seconds - 500);
    EXPECT_LE(set, 1000 * seconds + 900);
  }
}

TEST_F(DeadlineTest, ATransactionsStatementsAreBoundedByItsOwnDeadline) {
  StartGateway({"pools.primary.max_size=1"});
  TransactionStream transaction(client(), absl::Seconds(4));
  ASSERT_TRUE(transaction.Begin().has_begun());

  const v1::TransactionResponse asked =
      transaction.Execute("SELECT current_setting('statement_timeout')");
  ASSERT_TRUE(transaction.Execute("SET LOCAL statement_timeout = '77s'").has_result());
  const v1::TransactionResponse own =
      transaction.Execute("SELECT current_setting('statement_timeout')");

  EXPECT_THAT(asked.result().rows(0).values(0).text(), ::testing::AnyOf("4500ms", "4s"));
  EXPECT_EQ(own.result().rows(0).values(0).text(), "77s");
  EXPECT_TRUE(transaction.Commit().has_committed());
  transaction.Finish();
}

// A COMMIT that waits for a standby that never comes, ended from outside.
TEST_F(DeadlineTest, WhatPostgresqlSaysOfACommitReachesTheCaller) {
  StartGateway();
  cluster().Sql(0, "CREATE TABLE IF NOT EXISTS waiting (a int)");
  cluster().Sql(0, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
  cluster().Sql(0, "SELECT pg_reload_conf()");
  ASSERT_TRUE(WaitFor("it is in force", [] {
    return cluster().Sql(0, "SHOW synchronous_standby_names") == "nobody";
  }));
  const auto end_wait = [] {
    EXPECT_TRUE(WaitFor("a COMMIT waits", [] {
      return cluster().Sql(0,
                           "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE "
                           "wait_event = 'SyncRep'") == "t";
    }));
  };

  std::thread first(end_wait);
  const Answer single = client().Query("INSERT INTO waiting VALUES (1)");
  first.join();
  TransactionStream transaction(client());
  ASSERT_TRUE(transaction.Begin().has_begun());
  ASSERT_TRUE(transaction.Execute("INSERT INTO waiting VALUES (2)").has_result());
  std::thread second(end_wait);
  const v1::TransactionResponse committed = transaction.Commit();
  second.join();
  transaction.Finish();
  v1::BatchRequest request;
  for (int i = 3; i <= 4; ++i) {
    *request.add_steps()->mutable_statement() =
        MakeStatement("INSERT INTO waiting VALUES ($1)", {Int(i)});
  }
  v1::BatchResponse batch;
  grpc::ClientContext context;
  std::thread third(end_wait);
  const grpc::Status batch_status = client().stub().Batch(&context, request, &batch);
  third.join();
  v1::QueryRequest resolved_request = MakeQuery("INSERT INTO waiting VALUES (5)");
  resolved_request.mutable_options()->set_resolve_commit(true);
  std::thread fourth(end_wait);
  const Answer resolved = client().Query(resolved_request);
  fourth.join();
  cluster().Sql(0, "ALTER SYSTEM RESET synchronous_standby_names");
  cluster().Sql(0, "SELECT pg_reload_conf()");

  ASSERT_TRUE(single.ok()) << single.failure;
  ASSERT_EQ(single.response.notices_size(), 1);
  EXPECT_EQ(single.response.notices(0).severity(), "WARNING");
  EXPECT_EQ(single.response.notices(0).sqlstate(), "01000");
  ASSERT_TRUE(committed.has_committed()) << committed.ShortDebugString();
  ASSERT_EQ(committed.committed().notices_size(), 1);
  EXPECT_EQ(committed.committed().notices(0).severity(), "WARNING");
  ASSERT_TRUE(batch_status.ok()) << batch_status.error_message();
  EXPECT_EQ(batch.results(0).result().notices_size(), 0);
  ASSERT_EQ(batch.results(1).result().notices_size(), 1);
  EXPECT_EQ(batch.results(1).result().notices(0).sqlstate(), "01000");
  ASSERT_TRUE(resolved.ok()) << resolved.failure;
  ASSERT_EQ(resolved.response.notices_size(), 1);
  EXPECT_EQ(resolved.response.notices(0).sqlstate(), "01000");
  EXPECT_EQ(cluster().Sql(0, "SELECT count(*) FROM waiting"), "5");
}

// Neither by the gateway, at the deadline, nor by PostgreSQL's own timeout.
TEST_F(DeadlineTest, ACommitThatWaitsIsNeverCancelled) {
  StartGateway();
  cluster().Sql(0, "CREATE TABLE IF NOT EXISTS patient (a int)");
  cluster().Sql(0, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
  cluster().Sql(0, "SELECT pg_reload_conf()");
  ASSERT_TRUE(WaitFor("it is in force", [] {
    return cluster().Sql(0, "SHOW synchronous_standby_names") == "nobody";
  }));
  TransactionStream transaction(client(), absl::Milliseconds(500));
  ASSERT_TRUE(transaction.Begin().has_begun());
  ASSERT_TRUE(transaction.Execute("INSERT INTO patient VALUES (1)").has_result());
  const absl::Time start = absl::Now();

  EXPECT_FALSE(transaction.Commit().has_committed());
  EXPECT_EQ(transaction.Finish().code, grpc::StatusCode::DEADLINE_EXCEEDED);
  const std::string waiting =
      "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
  // Past the timeout that bounded its statements.
  EXPECT_TRUE(WaitFor("the time of its statements is over",
                      [&] { return absl::Now() > start + absl::Milliseconds(1600); }));
  const std::string still_waiting = cluster().Sql(0, waiting);

  cluster().Sql(0, "ALTER SYSTEM RESET synchronous_standby_names");
  cluster().Sql(0, "SELECT pg_reload_conf()");
  EXPECT_EQ(still_waiting, "1");
  EXPECT_TRUE(WaitFor("it is committed", [] {
    return cluster().Sql(0, "SELECT count(*) FROM patient") == "1";
  }));
  EXPECT_EQ(PoolOf(client().PoolStats(), "server0").counters().cancelled(), 0U);
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
