// Where calls go: writes to the primary, reads to a replica, and what happens when
// there is none.
#include <string>

#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

constexpr char kIsReplica[] = "SELECT pg_is_in_recovery()";

class RoutingTest : public LiveTest {
 protected:
  v1::Route RouteOf(v1::Intent intent, bool is_strong = false) {
    v1::QueryRequest request = MakeQuery("SELECT 1", {}, intent);
    request.mutable_options()->set_report(true);
    if (is_strong) request.mutable_options()->mutable_freshness()->set_strong(true);
    const Answer answer = client().Query(request);
    EXPECT_TRUE(answer.ok()) << answer.failure;
    return answer.response.route();
  }
};

TEST_F(RoutingTest, ReadsGoToTheReplicaAndEverythingElseToThePrimary) {
  StartGateway();

  EXPECT_TRUE(client().Read(kIsReplica).at(0, 0).bool_());
  EXPECT_FALSE(
      client().Query(MakeQuery(kIsReplica, {}, v1::INTENT_WRITE)).at(0, 0).bool_());
  EXPECT_EQ(client().Query(kIsReplica).at(0, 0).kind_case(), v1::Value::kBool);
  EXPECT_FALSE(client().Query(kIsReplica).at(0, 0).bool_());
}

TEST_F(RoutingTest, TheAnswerSaysWhyItWasRoutedThere) {
  StartGateway();

  const v1::Route read = RouteOf(v1::INTENT_READ);
  const v1::Route strong = RouteOf(v1::INTENT_READ, true);
  const v1::Route write = RouteOf(v1::INTENT_WRITE);

  EXPECT_EQ(read.endpoint(), "server1");
  EXPECT_EQ(read.role(), "replica");
  EXPECT_EQ(read.reason(), "read");
  EXPECT_EQ(strong.endpoint(), "server0");
  EXPECT_EQ(strong.reason(), "strong");
  EXPECT_EQ(write.endpoint(), "server0");
  EXPECT_EQ(write.reason(), "write");
}

TEST_F(RoutingTest, AWriteWithIntentReadIsRefusedOnTheReplicaAndOnThePrimary) {
  cluster().Sql(0, "CREATE TABLE IF NOT EXISTS guarded (a int)");
  ASSERT_TRUE(cluster().WaitCaughtUp().ok());
  StartGateway();

  const Answer on_replica = client().Read("INSERT INTO guarded VALUES (1)");
  v1::QueryRequest strong =
      MakeQuery("INSERT INTO guarded VALUES (1)", {}, v1::INTENT_READ);
  strong.mutable_options()->mutable_freshness()->set_strong(true);
  const Answer on_primary = client().Query(strong);

  for (const Answer& answer : {on_replica, on_primary}) {
    EXPECT_EQ(answer.failure.code, grpc::StatusCode::FAILED_PRECONDITION)
        << answer.failure;
    EXPECT_EQ(answer.failure.sqlstate(), "25006");
  }
  EXPECT_EQ(cluster().Sql(0, "SELECT count(*) FROM guarded"), "0");
}

TEST_F(RoutingTest, ReadTransactionsAndStreamsRunOnTheReplica) {
  StartGateway();
  TransactionStream transaction(client());
  v1::StreamQueryRequest stream =
      MakeStreamQuery("SELECT pg_is_in_recovery()::int::int8");
  stream.mutable_options()->set_intent(v1::INTENT_READ);

  const v1::TransactionResponse begun = transaction.Begin(BeginReadOnly());
  const v1::TransactionResponse result = transaction.Execute(kIsReplica);
  transaction.Commit();
  transaction.Finish();
  const StreamAnswer streamed = client().Stream(stream);

  EXPECT_EQ(begun.begun().route().endpoint(), "server1");
  ASSERT_EQ(result.result().rows_size(), 1) << result.ShortDebugString();
  EXPECT_TRUE(result.result().rows(0).values(0).bool_());
  EXPECT_EQ(streamed.sum, 1U) << streamed.failure;
}

TEST_F(RoutingTest, ReadsFallBackToThePrimaryAndReturnToTheReplica) {
  StartGateway();
  ASSERT_TRUE(client().Read(kIsReplica).at(0, 0).bool_());

  ASSERT_TRUE(cluster().server(1).Stop(StopMode::kFast).ok());
  const auto is_served_by = [&](bool replica) {
    const Answer answer = client().Read(kIsReplica);
    return answer.ok() && answer.at(0, 0).bool_() == replica;
  };
  EXPECT_TRUE(WaitFor("the primary serves reads", [&] { return is_served_by(false); }));
  EXPECT_EQ(RouteOf(v1::INTENT_READ).reason(), "fallback_no_replica");

  ASSERT_TRUE(cluster().server(1).Start().ok());
  EXPECT_TRUE(WaitFor("the replica serves reads", [&] { return is_served_by(true); }));
}

TEST_F(RoutingTest, WithoutFallbackReadsFailWhenThereIsNoReplica) {
  StartGateway({"routing.read_fallback=NONE"});
  ASSERT_TRUE(client().Read(kIsReplica).ok());

  ASSERT_TRUE(cluster().server(1).Stop(StopMode::kFast).ok());
  ASSERT_TRUE(SeesUnreachable(1));
  const Answer read = client().Read(kIsReplica);
  const Answer write = client().Query(kIsReplica);

  EXPECT_EQ(read.failure.code, grpc::StatusCode::UNAVAILABLE) << read.failure;
  EXPECT_EQ(read.failure.verdict.outcome(), v1::OUTCOME_NOT_STARTED);
  EXPECT_TRUE(write.ok()) << write.failure;
  ASSERT_TRUE(cluster().server(1).Start().ok());
  EXPECT_TRUE(
      WaitFor("reads are served again", [&] { return client().Read(kIsReplica).ok(); }));
}

TEST_F(RoutingTest, RolesAreProbedNotTakenFromTheOrderOfEndpoints) {
  GatewaySettings settings;
  settings.conninfos = {cluster().server(1).conninfo(), cluster().server(0).conninfo()};
  StartGateway(settings);
  ASSERT_TRUE(gateway().IsReady());
  ASSERT_TRUE(SeesRole(0, v1::ROLE_REPLICA));
  ASSERT_TRUE(SeesRole(1, v1::ROLE_PRIMARY));

  EXPECT_TRUE(client().Read(kIsReplica).at(0, 0).bool_());
  EXPECT_FALSE(client().Query(kIsReplica).at(0, 0).bool_());
  // TearDown counts by number; these are the other way round.
  EXPECT_TRUE(gateway().IsQuiet());
  EXPECT_EQ(gateway().Stop().value_or(-1), 0);
  ForgetGateway();
}

}  // namespace
}  // namespace pgsluice::testing
