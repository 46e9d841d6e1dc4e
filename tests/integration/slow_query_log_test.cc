// The slow-query log: what took long is there, normalised, without parameters.
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"

#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

absl::Duration ToDuration(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

class SlowQueryLogTest : public LiveTest {
 protected:
  // The line of the log that holds `text`, once it is there.
  std::string LineWith(const std::string& text) {
    std::string found;
    EXPECT_TRUE(WaitFor("the line is logged", [&] {
      const std::vector<std::string> lines = absl::StrSplit(gateway().Log(), '\n');
      for (const std::string& line : lines) {
        if (absl::StrContains(line, text)) found = line;
      }
      return !found.empty();
    }));
    return found;
  }
};

TEST_F(SlowQueryLogTest, ASlowStatementIsLoggedNormalisedAndWithoutParameters) {
  StartGateway({"log.slow_query_threshold=50ms"});
  v1::QueryRequest request = MakeQuery(
      "SELECT pg_sleep(0.1), 'secret constant' AS marker_a, $1::text, 4711 AS number",
      {Text("secret parameter")});
  request.mutable_options()->set_tag("report/monthly");

  ASSERT_TRUE(client().Query(request).ok());

  const std::string line = LineWith("marker_a");
  EXPECT_THAT(line, HasSubstr("server0"));
  EXPECT_THAT(line, HasSubstr("report/monthly"));
  EXPECT_THAT(line, HasSubstr("$1"));
  EXPECT_THAT(line, Not(HasSubstr("4711")));
  EXPECT_THAT(gateway().Log(), Not(HasSubstr("secret")));
}

TEST_F(SlowQueryLogTest, StreamsAndTransactionsAreLoggedToo) {
  StartGateway({"log.slow_query_threshold=50ms"});

  client().Stream(MakeStreamQuery("SELECT pg_sleep(0.1) AS marker_b"));
  TransactionStream transaction(client());
  transaction.Begin();
  transaction.Execute("SELECT pg_sleep(0.1) AS marker_c");
  transaction.Rollback();
  transaction.Finish();

  EXPECT_THAT(LineWith("marker_b"), HasSubstr("StreamQuery"));
  EXPECT_THAT(LineWith("marker_c"), HasSubstr("Transaction"));
}

TEST_F(SlowQueryLogTest, TheLineSaysWhoseCallItWasAndWhatItWas) {
  StartGateway({"log.slow_query_threshold=50ms"});
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  context.AddMetadata("traceparent",
                      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  v1::QueryResponse response;

  ASSERT_TRUE(
      client()
          .stub()
          .Query(&context, MakeQuery("SELECT pg_sleep(0.1) AS marker_e"), &response)
          .ok());

  const std::string line = LineWith("marker_e");
  EXPECT_THAT(line, HasSubstr("\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\""));
  EXPECT_THAT(line, HasSubstr("\"caller\":\"ipv4:127.0.0.1:"));
  EXPECT_THAT(line, HasSubstr("\"role\":\"primary\""));
  EXPECT_THAT(line, HasSubstr("\"outcome\":\"ok\""));
  EXPECT_THAT(line, HasSubstr("\"rows\":1"));
  EXPECT_THAT(line, HasSubstr("\"stream_ms\":0.000"));
  EXPECT_THAT(line,
              HasSubstr("\"fingerprint\":\"" +
                        client().TopStatements().statements(0).fingerprint() + "\""));
}

TEST_F(SlowQueryLogTest, ATraceIdThatIsNoneIsLeftOut) {
  StartGateway({"log.slow_query_threshold=50ms"});
  for (const std::string header : {"00-x", "\",\"level\":\"fatal"}) {
    grpc::ClientContext context;
    SetDeadline(context, kCallLimit);
    context.AddMetadata("traceparent", header);
    v1::QueryResponse response;
    const auto request = MakeQuery("SELECT pg_sleep(0.1) AS marker_f");
    ASSERT_TRUE(client().stub().Query(&context, request, &response).ok());
  }

  EXPECT_THAT(LineWith("marker_f"), HasSubstr("\"trace_id\":\"\""));
  EXPECT_THAT(gateway().Log(), Not(HasSubstr("fatal")));
}

TEST_F(SlowQueryLogTest, ThresholdsDifferByTagAndPool) {
  StartGateway({"log.slow_query_threshold=10s", "log.slow_query_rules[0].tag=login",
                "log.slow_query_rules[0].threshold=50ms",
                "log.slow_query_rules[1].pool=REPLICA",
                "log.slow_query_rules[1].threshold=60ms"});
  v1::QueryRequest tagged = MakeQuery("SELECT pg_sleep(0.1) AS marker_g");
  tagged.mutable_options()->set_tag("login");

  ASSERT_TRUE(client().Query("SELECT pg_sleep(0.1) AS marker_h").ok());
  ASSERT_TRUE(client().Query(tagged).ok());
  ASSERT_TRUE(client().Read("SELECT pg_sleep(0.1) AS marker_i").ok());

  EXPECT_THAT(LineWith("marker_g"), HasSubstr("login"));
  EXPECT_THAT(LineWith("marker_i"), HasSubstr("\"role\":\"replica\""));
  EXPECT_THAT(gateway().Log(), Not(HasSubstr("marker_h")));
}

TEST_F(SlowQueryLogTest, TheTimeOfASlowReaderIsTheStreams) {
  StartGateway({"log.slow_query_threshold=1ms"});
  constexpr absl::Duration kPause = absl::Milliseconds(300);
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  const absl::Time begun = absl::Now();
  auto stream = client().stub().StreamQuery(
      &context, MakeStreamQuery("SELECT repeat('x', 1000) AS marker_j "
                                "FROM generate_series(1, 20000)"));

  // Nobody reads: the gateway fills what lies between, and waits.
  EXPECT_TRUE(WaitFor("a message waits to be taken", [&] {
    return TotalLeased(client().PoolStats()) == 1 && absl::Now() - begun > kPause;
  }));
  v1::StreamQueryResponse message;
  while (stream->Read(&message)) {
  }
  ASSERT_TRUE(stream->Finish().ok());

  LineWith("marker_j");
  const v1::StatementStats statement = client().TopStatements().statements(0);
  EXPECT_THAT(statement.sql(), HasSubstr("marker_j"));
  EXPECT_GE(ToDuration(statement.stream_time()), kPause / 3);
  EXPECT_EQ(ToDuration(statement.total_time()), ToDuration(statement.queue_time()) +
                                                    ToDuration(statement.execute_time()) +
                                                    ToDuration(statement.stream_time()));
}

TEST_F(SlowQueryLogTest, FastStatementsAreNot) {
  StartGateway({"log.slow_query_threshold=10s"});

  ASSERT_TRUE(client().Query("SELECT 1 AS marker_d").ok());
  EXPECT_TRUE(gateway().IsQuiet());

  EXPECT_THAT(gateway().Log(), Not(HasSubstr("marker_d")));
}

}  // namespace
}  // namespace pgsluice::testing
