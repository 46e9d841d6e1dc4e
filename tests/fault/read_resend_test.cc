// A read whose session is lost, or that stands in the way of a replica's recovery, is
// sent again by the gateway: once, elsewhere, within a budget, and only before anything
// of its answer was delivered.
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"

#include "tests/fault/fault_test.h"

namespace pgsluice::testing {
namespace {

// Takes for ever on a replica, and no time on the primary.
constexpr char kStuckOnReplicas[] =
    "SELECT pg_is_in_recovery(), CASE WHEN pg_is_in_recovery() THEN pg_sleep(61) END";
// Waits for whoever holds the lock.
constexpr char kWaitsForLock[] =
    "SELECT inet_server_port()::int8 FROM pg_advisory_xact_lock_shared(7)";

v1::QueryRequest ReportedRead(std::string_view sql) {
  v1::QueryRequest request = MakeQuery(sql, {}, v1::INTENT_READ);
  request.mutable_options()->set_report(true);
  return request;
}

class ReadResendTest : public FaultTest {
 protected:
  static void SetUpTestSuite() {
    SetUpCluster({.replicas = 2,
                  .configuration = "max_standby_streaming_delay = 0\n"
                                   "hot_standby_feedback = off\n"});
  }
  void SetUp() override {
    LiveTest::SetUp();
    cluster().Sql(0, "DROP TABLE IF EXISTS ledger");
    cluster().Sql(0, "CREATE TABLE ledger (a int)");
    cluster().Sql(0, "INSERT INTO ledger SELECT generate_series(1, 1000)");
    ASSERT_TRUE(cluster().WaitCaughtUp().ok());
  }

  // The primary and the replica of that number.
  void StartWith(std::vector<size_t> servers, std::vector<std::string> set = {}) {
    GatewaySettings settings;
    settings.set = std::move(set);
    settings.temp_path = cluster().temp_path();
    for (size_t server : servers) {
      settings.conninfos.push_back(cluster().server(server).conninfo());
    }
    settings.set.push_back("server.shards=1");
    StartGateway(settings);
    for (size_t i = 0; i < servers.size(); ++i) {
      ASSERT_TRUE(SeesRole(i, i == 0 ? v1::ROLE_PRIMARY : v1::ROLE_REPLICA));
    }
  }

  // Runs `call`, and `disturb` as soon as a statement with `text` is at work on a server.
  static void WhileDisturbing(size_t server, const std::string& text,
                              const std::function<void()>& call,
                              const std::function<void()>& disturb) {
    std::thread thread([&] {
      EXPECT_TRUE(WaitFor("the statement runs",
                          [&] { return cluster().CountActive(server, text) > 0; }));
      disturb();
    });
    call();
    thread.join();
  }
  static void WhileKilling(size_t server, const std::string& text,
                           const std::function<void()>& call) {
    WhileDisturbing(server, text, call, [&] {
      EXPECT_TRUE(WaitFor("the backend is killed",
                          [&] { return cluster().TerminateBackends(server, text) > 0; }));
    });
  }

  void ExpectResends(uint64_t resent, uint64_t refused) {
    const v1::PoolStatsResponse stats = client().PoolStats();
    EXPECT_EQ(stats.reads_resent(), resent);
    EXPECT_EQ(stats.read_resends_refused(), refused);
  }
  void ExpectRestored() {
    EXPECT_TRUE(client().Read("SELECT 1").ok());
    EXPECT_TRUE(gateway().IsQuiet());
    for (size_t i = 0; i < cluster().size(); ++i) {
      EXPECT_EQ(cluster().CountActive(i, "pg_sleep"), 0);
    }
  }
};

TEST_F(ReadResendTest, AKilledReadIsSentToThePrimary) {
  StartWith({0, 1});
  Answer answer;
  WhileKilling(1, "pg_sleep(61)",
               [&] { answer = client().Query(ReportedRead(kStuckOnReplicas)); });

  ASSERT_TRUE(answer.ok()) << answer.failure;
  EXPECT_FALSE(answer.at(0, 0).bool_());
  EXPECT_EQ(answer.response.row_count(), 1u);
  EXPECT_EQ(answer.response.route().endpoint(), "server0");
  EXPECT_EQ(answer.response.route().attempts(), 2u);
  ExpectResends(1, 0);
  ExpectRestored();
}

TEST_F(ReadResendTest, AKilledReadIsSentToAnotherReplica) {
  StartWith({0, 1, 2}, {"routing.read_fallback=NONE"});
  std::vector<SqlConnection> holders;
  for (size_t replica : {1, 2}) {
    auto holder = SqlConnection::Open(cluster().server(replica).local_conninfo());
    ASSERT_TRUE(holder.ok()) << holder.status();
    ASSERT_TRUE(holder->Run("SELECT pg_advisory_lock(7)").ok());
    holders.push_back(*std::move(holder));
  }
  Answer answer;
  std::thread caller([&] { answer = client().Query(ReportedRead(kWaitsForLock)); });

  size_t first = 0;
  EXPECT_TRUE(WaitFor("the read waits on a replica", [&] {
    for (size_t replica : {1, 2}) {
      if (cluster().TerminateBackends(replica, "xact_lock_shared") == 0) continue;
      first = replica;
      return true;  // Lest the second attempt be killed, too.
    }
    return false;
  }));
  const size_t other = first == 1 ? 2 : 1;
  EXPECT_TRUE(WaitFor("it waits on the other one", [&] {
    return cluster().CountActive(other, "xact_lock_shared") > 0;
  }));
  for (SqlConnection& holder : holders) {
    EXPECT_TRUE(holder.Run("SELECT pg_advisory_unlock(7)").ok());
  }
  caller.join();

  ASSERT_TRUE(answer.ok()) << answer.failure;
  EXPECT_EQ(answer.at(0, 0).int64(), cluster().server(other).port());
  EXPECT_EQ(answer.response.route().endpoint(), absl::StrCat("server", other));
  EXPECT_EQ(answer.response.route().attempts(), 2u);
  ExpectRestored();
}

TEST_F(ReadResendTest, AKilledStreamIsSentAgainBeforeItsFirstMessage) {
  StartWith({0, 1});
  v1::StreamQueryRequest request = MakeStreamQuery(kStuckOnReplicas);
  request.mutable_options()->set_intent(v1::INTENT_READ);
  request.mutable_options()->set_report(true);
  StreamAnswer answer;
  WhileKilling(1, "pg_sleep(61)", [&] { answer = client().Stream(request); });

  EXPECT_TRUE(answer.status.ok()) << answer.failure;
  EXPECT_TRUE(answer.has_trailer);
  EXPECT_EQ(answer.rows, 1u);
  EXPECT_EQ(answer.header.route().attempts(), 2u);
  ExpectResends(1, 0);
  ExpectRestored();
}

// Rows of the first attempt that had arrived, but were not delivered, are not mixed in.
TEST_F(ReadResendTest, NoRowIsDeliveredTwice) {
  StartWith({0, 1});
  Answer answer;
  WhileKilling(1, "pg_sleep(CASE", [&] {
    answer =
        client().Query(ReportedRead("SELECT i, pg_sleep(CASE WHEN i = 3000 AND "
                                    "pg_is_in_recovery() THEN 61 ELSE 0 END)"
                                    " FROM generate_series(1, 3000) i"));
  });

  ASSERT_TRUE(answer.ok()) << answer.failure;
  EXPECT_EQ(answer.response.row_count(), 3000u);
  EXPECT_EQ(answer.response.rows_size(), 3000);
  EXPECT_EQ(answer.response.route().attempts(), 2u);
  ExpectRestored();
}

TEST_F(ReadResendTest, AStreamWithRowsDeliveredIsNotSentAgain) {
  StartWith({0, 1});
  v1::StreamQueryRequest request = MakeStreamQuery(
      "SELECT i, pg_sleep(CASE i WHEN 50000 THEN 61 ELSE 0 END) "
      "FROM generate_series(1, 100000) i");
  request.mutable_options()->set_intent(v1::INTENT_READ);
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  const auto reader = client().stub().StreamQuery(&context, request);
  v1::StreamQueryResponse message;
  ASSERT_TRUE(reader->Read(&message));
  ASSERT_TRUE(message.has_header()) << message.ShortDebugString();
  ASSERT_TRUE(WaitFor("the backend is killed", [] {
    return cluster().TerminateBackends(1, "pg_sleep(CASE") > 0;
  }));
  while (reader->Read(&message)) EXPECT_FALSE(message.has_trailer());
  const Failure failure = Explain(reader->Finish());

  EXPECT_EQ(failure.code, grpc::StatusCode::UNAVAILABLE) << failure;
  EXPECT_EQ(failure.verdict.scope(), v1::RETRY_SCOPE_STATEMENT);
  ExpectResends(0, 0);
  ExpectRestored();
}

TEST_F(ReadResendTest, WithTheBudgetUsedUpTheCallerSeesTheError) {
  StartWith({0, 1}, {"limits.read_resend_burst=1"});
  Answer first;
  WhileKilling(1, "pg_sleep(61)",
               [&] { first = client().Query(ReportedRead(kStuckOnReplicas)); });
  Answer second;
  WhileKilling(1, "pg_sleep(61)",
               [&] { second = client().Query(ReportedRead(kStuckOnReplicas)); });

  EXPECT_TRUE(first.ok()) << first.failure;
  EXPECT_EQ(second.failure.code, grpc::StatusCode::UNAVAILABLE) << second.failure;
  EXPECT_EQ(second.failure.verdict.scope(), v1::RETRY_SCOPE_STATEMENT);
  EXPECT_EQ(second.failure.verdict.outcome(), v1::OUTCOME_ROLLED_BACK);
  EXPECT_EQ(second.failure.sqlstate(), "57P01");
  ExpectResends(1, 1);

  // Ten reads earn one.
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(client().Read("SELECT 1").ok());
  Answer third;
  WhileKilling(1, "pg_sleep(61)",
               [&] { third = client().Query(ReportedRead(kStuckOnReplicas)); });
  EXPECT_TRUE(third.ok()) << third.failure;
  ExpectResends(2, 1);
  ExpectRestored();
}

TEST_F(ReadResendTest, ASecondFailureReachesTheCaller) {
  StartWith({0, 1});
  Answer answer;
  std::thread killer([&] {
    for (size_t server : {1, 0}) {
      EXPECT_TRUE(WaitFor("the backend is killed", [&] {
        return cluster().TerminateBackends(server, "pg_sleep(61)") > 0;
      }));
    }
  });
  answer = client().Read("SELECT pg_sleep(61)");
  killer.join();

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::UNAVAILABLE) << answer.failure;
  EXPECT_EQ(answer.failure.verdict.scope(), v1::RETRY_SCOPE_STATEMENT);
  ExpectResends(1, 0);
  ExpectRestored();
}

// A statement without intent READ counts as a write, whatever it does.
TEST_F(ReadResendTest, AWriteIsNeverSentAgain) {
  StartWith({0, 1});
  Answer answer;
  WhileKilling(0, "pg_sleep(61)",
               [&] { answer = client().Query("SELECT pg_sleep(61)"); });

  EXPECT_EQ(answer.failure.verdict.outcome(), v1::OUTCOME_ROLLED_BACK) << answer.failure;
  EXPECT_EQ(cluster().CountActive(0, "pg_sleep"), 0);
  ExpectResends(0, 0);
  ExpectRestored();
}

TEST_F(ReadResendTest, ACancelledReadIsNotSentAgain) {
  StartWith({0, 1});
  v1::QueryRequest request = ReportedRead(kStuckOnReplicas);
  request.mutable_options()->mutable_statement_timeout()->set_nanos(100'000'000);

  const Answer answer = client().Query(request);

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::DEADLINE_EXCEEDED) << answer.failure;
  ExpectResends(0, 0);
  ExpectRestored();
}

// VACUUM removes what the replica's snapshot still sees, and the replica may not wait.
void ProvokeConflict(PostgresCluster& cluster) {
  cluster.Sql(0, "DELETE FROM ledger");
  cluster.Sql(0, "VACUUM ledger");
}

TEST_F(ReadResendTest, ARecoveryConflictIsNotTheCallersBusiness) {
  StartWith({0, 1});
  Answer answer;
  WhileDisturbing(
      1, "pg_sleep(61)",
      [&] {
        answer = client().Query(
            ReportedRead("SELECT count(*), CASE WHEN pg_is_in_recovery() THEN "
                         "pg_sleep(61) END FROM ledger"));
      },
      [] { ProvokeConflict(cluster()); });

  ASSERT_TRUE(answer.ok()) << answer.failure;
  EXPECT_EQ(answer.response.route().endpoint(), "server0");
  EXPECT_EQ(answer.response.route().attempts(), 2u);
  ExpectResends(1, 0);
  ExpectRestored();
}

TEST_F(ReadResendTest, ARecoveryConflictIsAnErrorWhenResendingIsOff) {
  StartWith({0, 1}, {"limits.read_resend_percent=0"});
  Answer answer;
  WhileDisturbing(
      1, "pg_sleep(61)", [&] { answer = client().Read(kStuckOnReplicas); },
      [] { ProvokeConflict(cluster()); });

  EXPECT_EQ(answer.failure.code, grpc::StatusCode::ABORTED) << answer.failure;
  EXPECT_EQ(answer.failure.sqlstate(), "40001");
  EXPECT_EQ(answer.failure.verdict.scope(), v1::RETRY_SCOPE_STATEMENT);
  ExpectResends(0, 0);
  ExpectRestored();
}

}  // namespace
}  // namespace pgsluice::testing
