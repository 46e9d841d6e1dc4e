// TopStatements: what went through the gateway is counted, by shape and by pool.
#include <string>
#include <vector>

#include "gmock/gmock.h"

#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;

absl::Duration ToDuration(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

class TopStatementsTest : public LiveTest {
 protected:
  // The one whose text holds `text`; empty when there is none.
  v1::StatementStats Find(const std::string& text, v1::Role role = v1::ROLE_PRIMARY) {
    v1::TopStatementsRequest request;
    request.set_limit(1000);
    const v1::TopStatementsResponse top = client().TopStatements(request);
    for (const v1::StatementStats& statement : top.statements()) {
      if (statement.role() == role && statement.sql().find(text) != std::string::npos) {
        return statement;
      }
    }
    return {};
  }
};

TEST_F(TopStatementsTest, CountsStatementsOfOneShapeTogether) {
  StartGateway();
  for (int i = 0; i < 5; ++i) {
    const std::string sql =
        "SELECT " + std::to_string(i) + " AS top_b FROM generate_series(1, 3)";
    ASSERT_TRUE(client().Query(sql).ok());
  }
  v1::QueryRequest request =
      MakeQuery("select $1::int4 as TOP_B from generate_series(1, 3);", {Int(7)});
  request.mutable_options()->set_tag("checkout");
  ASSERT_TRUE(client().Query(request).ok());

  const v1::StatementStats constants = Find("SELECT ? AS top_b");
  const v1::StatementStats parameter = Find("select $1::int4");

  EXPECT_EQ(constants.calls(), 5U);
  EXPECT_EQ(constants.errors(), 0U);
  EXPECT_EQ(constants.rows(), 15U);
  EXPECT_EQ(constants.last_tag(), "");
  EXPECT_EQ(parameter.calls(), 1U) << "it has a cast";
  EXPECT_EQ(parameter.last_tag(), "checkout");
  EXPECT_EQ(constants.fingerprint().size(), 16U);
  EXPECT_NE(constants.fingerprint(), parameter.fingerprint());
}

TEST_F(TopStatementsTest, TimesAddUp) {
  StartGateway();
  for (const char* seconds : {"0", "0", "0.1"}) {
    ASSERT_TRUE(
        client().Query("SELECT pg_sleep(" + std::string(seconds) + ") AS top_c").ok());
  }

  const v1::StatementStats statement = Find("top_c");

  EXPECT_EQ(statement.calls(), 3U);
  const absl::Duration total = ToDuration(statement.total_time());
  EXPECT_GE(total, absl::Milliseconds(100));
  EXPECT_EQ(total, ToDuration(statement.queue_time()) +
                       ToDuration(statement.execute_time()) +
                       ToDuration(statement.stream_time()));
  EXPECT_NEAR(absl::FDivDuration(ToDuration(statement.mean_time()), total), 1.0 / 3,
              0.001);
  EXPECT_GE(ToDuration(statement.max_time()), absl::Milliseconds(100));
  EXPECT_EQ(ToDuration(statement.p99_time()) > absl::Milliseconds(85), true);
  EXPECT_LE(ToDuration(statement.p99_time()), ToDuration(statement.max_time()));
  EXPECT_LE(ToDuration(statement.min_time()), ToDuration(statement.p50_time()));
  EXPECT_LT(ToDuration(statement.p50_time()), absl::Milliseconds(100));
  EXPECT_LT(ToDuration(statement.last_seen_age()), kCallLimit);
}

TEST_F(TopStatementsTest, ErrorsAreCountedWithTheirStatement) {
  StartGateway();
  client().Query("SELECT 1 / 0 AS top_d");
  client().Query("SELECT 1 / 1 AS top_d");
  client().Query("SELECT nosuch AS top_e");

  EXPECT_EQ(Find("top_d").calls(), 2U);
  EXPECT_EQ(Find("top_d").errors(), 1U);
  EXPECT_EQ(Find("top_e").errors(), 1U);
}

TEST_F(TopStatementsTest, StreamsAndTransactionsAreCountedToo) {
  StartGateway();
  client().Stream(MakeStreamQuery("SELECT generate_series(1, 1000) AS top_f"));
  TransactionStream transaction(client());
  transaction.Begin();
  transaction.Execute("SELECT 1 AS top_g");
  transaction.Savepoint("s1");
  transaction.Savepoint("s2");
  transaction.Commit();
  transaction.Finish();

  EXPECT_EQ(Find("top_f").rows(), 1000U);
  EXPECT_EQ(Find("top_g").calls(), 1U);
  EXPECT_EQ(Find("SAVEPOINT ?").calls(), 2U);
}

TEST_F(TopStatementsTest, PoolsAreKeptApart) {
  StartGateway();
  ASSERT_TRUE(client().Read("SELECT 1 AS top_h").ok());
  ASSERT_TRUE(client().Query("SELECT 1 AS top_h").ok());

  EXPECT_EQ(Find("top_h").calls(), 1U);
  EXPECT_EQ(Find("top_h", v1::ROLE_REPLICA).calls(), 1U);
  EXPECT_EQ(Find("top_h").fingerprint(), Find("top_h", v1::ROLE_REPLICA).fingerprint());
}

TEST_F(TopStatementsTest, AnswersInTheOrderAskedForAndNoMoreThanThat) {
  StartGateway();
  ASSERT_TRUE(client().Query("SELECT pg_sleep(0.2) AS slow").ok());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client().Query("SELECT 1 AS often").ok());
  ASSERT_TRUE(client().Query("SELECT generate_series(1, 500) AS large").ok());

  struct Case {
    v1::StatementOrder order;
    std::string first;
  };
  for (const Case& c : {Case{v1::STATEMENT_ORDER_UNSPECIFIED, "slow"},
                        Case{v1::STATEMENT_ORDER_TOTAL_TIME, "slow"},
                        Case{v1::STATEMENT_ORDER_MEAN_TIME, "slow"},
                        Case{v1::STATEMENT_ORDER_P99_TIME, "slow"},
                        Case{v1::STATEMENT_ORDER_CALLS, "often"},
                        Case{v1::STATEMENT_ORDER_ROWS, "large"}}) {
    v1::TopStatementsRequest request;
    request.set_limit(1);
    request.set_order_by(c.order);
    const v1::TopStatementsResponse top = client().TopStatements(request);
    ASSERT_EQ(top.statements_size(), 1);
    EXPECT_THAT(top.statements(0).sql(), HasSubstr(c.first));
    EXPECT_EQ(top.tracked(), 3U);
    EXPECT_EQ(top.calls(), 5U);
  }
}

TEST_F(TopStatementsTest, RefusesAnOrderItDoesNotKnow) {
  StartGateway();
  v1::TopStatementsRequest request;
  request.set_order_by(static_cast<v1::StatementOrder>(99));
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  v1::TopStatementsResponse response;

  const grpc::Status status = client().stub().TopStatements(&context, request, &response);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(TopStatementsTest, AResetForgetsWhatHasBeenRead) {
  StartGateway();
  ASSERT_TRUE(client().Query("SELECT 1 AS top_i").ok());
  v1::TopStatementsRequest request;
  request.set_reset(true);

  const v1::TopStatementsResponse before = client().TopStatements(request);
  const v1::TopStatementsResponse after = client().TopStatements();

  EXPECT_EQ(before.statements_size(), 1);
  EXPECT_EQ(after.statements_size(), 0);
  EXPECT_EQ(after.calls(), 0U);
  EXPECT_LT(ToDuration(after.age()), ToDuration(before.age()));
}

TEST_F(TopStatementsTest, OneTooManyDropsTheCheapest) {
  StartGateway({"server.shards=1", "statements.max_tracked=2"});
  ASSERT_TRUE(client().Query("SELECT pg_sleep(0.1) AS top_j").ok());
  ASSERT_TRUE(client().Query("SELECT 1 AS top_k").ok());
  ASSERT_TRUE(client().Query("SELECT pg_sleep(0.05) AS top_l").ok());

  const v1::TopStatementsResponse top = client().TopStatements();

  ASSERT_EQ(top.statements_size(), 2);
  EXPECT_THAT(top.statements(0).sql(), HasSubstr("top_j"));
  EXPECT_THAT(top.statements(1).sql(), HasSubstr("top_l"));
  EXPECT_EQ(top.evicted(), 1U);
  EXPECT_EQ(top.calls(), 3U);
}

TEST_F(TopStatementsTest, CanBeTurnedOff) {
  StartGateway({"statements.max_tracked=0"});
  ASSERT_TRUE(client().Query("SELECT 1").ok());

  EXPECT_EQ(client().TopStatements().statements_size(), 0);
}

}  // namespace
}  // namespace pgsluice::testing
