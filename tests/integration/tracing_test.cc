// The spans of calls, as a collector gets them.
#include <grpcpp/create_channel.h>
#include <string>

#include "gmock/gmock.h"

#include "tests/integration/tracing_fixture.h"

namespace pgsluice::testing {
namespace {

using opentelemetry::proto::trace::v1::Status;
using ::testing::HasSubstr;
using ::testing::Not;

class TracingTest : public Traced<LiveTest> {
 protected:
  // Whatever of it could hold data.
  std::string AllText() {
    std::string text;
    for (const OtlpSpan& span : receiver().spans()) {
      text += span.status().message();
      for (const auto& attribute : span.attributes()) {
        text += attribute.value().string_value() + "\n";
      }
    }
    return text;
  }
};

TEST_F(TracingTest, AQueryIsAPartOfItsCallersTrace) {
  StartTraced({"tracing.service_name=gate", "tracing.headers=x-token=abc"});
  const CallersTrace caller;
  v1::QueryRequest request =
      MakeQuery("SELECT pg_sleep(0.05), 4711, $1::text", {Text("secret")});
  request.mutable_options()->set_tag("report");

  ASSERT_TRUE(Query(request, caller).ok());

  const Spans spans = TraceOf(caller);
  ASSERT_EQ(spans.size(), 3u);
  const OtlpSpan own = Only(spans, absl::StrCat(kService, "Query"));
  EXPECT_EQ(HexText(own.parent_span_id()), caller.span_id);
  EXPECT_EQ(own.trace_state(), "vendor=x");
  EXPECT_EQ(own.kind(), OtlpSpan::SPAN_KIND_SERVER);
  EXPECT_EQ(AttributeOf(own, "rpc.system"), "grpc");
  EXPECT_EQ(AttributeOf(own, "rpc.service"), "pgsluice.v1.GatewayService");
  EXPECT_EQ(AttributeOf(own, "rpc.method"), "Query");
  EXPECT_EQ(AttributeOf(own, "rpc.grpc.status_code"), "0");
  EXPECT_EQ(AttributeOf(own, "client.address"), "127.0.0.1");
  EXPECT_FALSE(own.has_status());

  const OtlpSpan queue = Only(spans, "queue");
  const OtlpSpan execute = Only(spans, "execute");
  for (const OtlpSpan& part : {queue, execute}) {
    EXPECT_EQ(part.parent_span_id(), own.span_id());
    EXPECT_GE(part.start_time_unix_nano(), own.start_time_unix_nano());
    EXPECT_LE(part.end_time_unix_nano(), own.end_time_unix_nano());
    EXPECT_EQ(AttributeOf(part, "pgsluice.endpoint"), "server0");
  }
  EXPECT_LE(queue.end_time_unix_nano(), execute.start_time_unix_nano());
  EXPECT_GE(LengthOf(execute), absl::Milliseconds(50));
  EXPECT_EQ(execute.kind(), OtlpSpan::SPAN_KIND_CLIENT);
  EXPECT_EQ(AttributeOf(execute, "db.system"), "postgresql");
  EXPECT_EQ(AttributeOf(execute, "db.operation.name"), "SELECT");
  EXPECT_EQ(AttributeOf(execute, "pgsluice.tag"), "report");
  EXPECT_EQ(AttributeOf(execute, "db.response.returned_rows"), "1");
  EXPECT_NE(AttributeOf(execute, "server.address"), "");
  EXPECT_EQ(AttributeOf(execute, "pgsluice.fingerprint"),
            client().TopStatements().statements(0).fingerprint());
  EXPECT_EQ(AttributeOf(receiver().resource(), "service.name"), "gate");
  EXPECT_EQ(receiver().header("x-token"), "abc");
  EXPECT_THAT(AllText(), Not(HasSubstr("secret")));
  EXPECT_THAT(AllText(), Not(HasSubstr("4711")));
}

TEST_F(TracingTest, AFailedStatementSaysItsSqlstateAndNoText) {
  StartTraced();
  const CallersTrace caller;

  ASSERT_FALSE(Query(MakeQuery("SELECT 'secret'::int"), caller).ok());

  const Spans spans = TraceOf(caller);
  const OtlpSpan execute = Only(spans, "execute");
  EXPECT_EQ(execute.status().code(), Status::STATUS_CODE_ERROR);
  EXPECT_EQ(AttributeOf(execute, "db.response.status_code"), "22P02");
  EXPECT_NE(AttributeOf(execute, "error.type"), "");
  // The caller's fault, so the gateway's span did not fail.
  const OtlpSpan own = Only(spans, absl::StrCat(kService, "Query"));
  EXPECT_EQ(AttributeOf(own, "rpc.grpc.status_code"),
            std::to_string(static_cast<int>(grpc::StatusCode::INVALID_ARGUMENT)));
  EXPECT_FALSE(own.has_status());
  EXPECT_THAT(AllText(), Not(HasSubstr("secret")));
}

TEST_F(TracingTest, ARequestThatIsRefusedHasItsOwnSpanOnly) {
  StartTraced();
  const CallersTrace caller;

  ASSERT_FALSE(Query(MakeQuery(""), caller).ok());

  EXPECT_EQ(TraceOf(caller).size(), 1u);
}

TEST_F(TracingTest, ACallThatGetsNoSessionHasWaited) {
  StartTraced({"pools.primary.max_size=1", "limits.default_deadline=200ms",
               "limits.max_deadline=200ms"});
  TransactionStream holder(client());
  holder.Begin();
  const CallersTrace caller;

  EXPECT_EQ(Query(MakeQuery("SELECT 1"), caller).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  holder.Rollback();
  holder.Finish();

  const Spans spans = TraceOf(caller);
  const OtlpSpan queue = Only(spans, "queue");
  EXPECT_EQ(queue.status().code(), Status::STATUS_CODE_ERROR);
  EXPECT_GE(LengthOf(queue), absl::Milliseconds(100));
  EXPECT_TRUE(Named(spans, "execute").empty());
  const OtlpSpan own = Only(spans, absl::StrCat(kService, "Query"));
  EXPECT_EQ(own.status().code(), Status::STATUS_CODE_ERROR);
}

TEST_F(TracingTest, ASessionThatIsOpenedForACallIsAPartOfItsWait) {
  StartTraced({"pools.primary.max_size=2"});
  TransactionStream holder(client());
  holder.Begin();
  const CallersTrace first;
  ASSERT_TRUE(Query(MakeQuery("SELECT 1"), first).ok());
  const CallersTrace second{.trace_id = "22222222222222222222222222222222"};
  ASSERT_TRUE(Query(MakeQuery("SELECT 1"), second).ok());
  holder.Rollback();
  holder.Finish();

  const Spans spans = TraceOf(first);
  const OtlpSpan queue = Only(spans, "queue");
  const OtlpSpan dial = Only(spans, "dial");
  EXPECT_EQ(dial.parent_span_id(), queue.span_id());
  EXPECT_EQ(AttributeOf(dial, "pgsluice.endpoint"), "server0");
  EXPECT_GE(dial.start_time_unix_nano(), queue.start_time_unix_nano());
  EXPECT_LE(dial.end_time_unix_nano(), queue.end_time_unix_nano());
  EXPECT_GT(LengthOf(dial), absl::ZeroDuration());
  EXPECT_TRUE(Named(TraceOf(second), "dial").empty()) << "it was open already";
}

// As a caller's gRPC library says it when it sends a call again.
TEST_F(TracingTest, ACallSaysHowOftenItWasTriedBefore) {
  StartTraced();
  grpc::ChannelArguments arguments;
  // Else gRPC counts for itself.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto stub = v1::GatewayService::NewStub(
      grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", gateway().port()),
                                grpc::InsecureChannelCredentials(), arguments));
  const CallersTrace caller;
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  context.AddMetadata("traceparent", caller.header());
  context.AddMetadata("grpc-previous-rpc-attempts", "2");
  v1::QueryResponse response;

  ASSERT_TRUE(stub->Query(&context, MakeQuery("SELECT 1"), &response).ok());
  const CallersTrace first{.trace_id = "22222222222222222222222222222222"};
  ASSERT_TRUE(Query(MakeQuery("SELECT 1"), first).ok());

  const std::string own = absl::StrCat(kService, "Query");
  EXPECT_EQ(AttributeOf(Only(TraceOf(caller), own), "pgsluice.previous_attempts"), "2");
  EXPECT_EQ(AttributeOf(Only(TraceOf(first), own), "pgsluice.previous_attempts"), "");
}

TEST_F(TracingTest, TheCallerDecidesWhetherItIsTraced) {
  StartTraced();
  const CallersTrace untraced{.trace_id = "11111111111111111111111111111111",
                              .is_sampled = false};
  const CallersTrace traced;
  ASSERT_TRUE(Query(MakeQuery("SELECT 1"), untraced).ok());
  ASSERT_TRUE(Query(MakeQuery("SELECT 1"), traced).ok());

  TraceOf(traced);
  // It ended before the other one began.
  for (const OtlpSpan& span : receiver().spans()) {
    EXPECT_NE(HexText(span.trace_id()), untraced.trace_id);
  }
}

TEST_F(TracingTest, OthersAreTracedAsTheSamplerSays) {
  StartTraced({"tracing.sampler=parentbased_always_off"});
  ASSERT_TRUE(client().Query("SELECT 1").ok());
  const CallersTrace traced;
  ASSERT_TRUE(Query(MakeQuery("SELECT 1"), traced).ok());

  TraceOf(traced);
  for (const OtlpSpan& span : receiver().spans()) {
    EXPECT_EQ(HexText(span.trace_id()), traced.trace_id);
  }
}

TEST_F(TracingTest, AStreamHasTheTimesOfItsReader) {
  StartTraced();

  ASSERT_TRUE(
      client()
          .Stream(MakeStreamQuery("SELECT repeat('x', 100), i FROM generate_series(1, "
                                  "20000) AS i"))
          .status.ok());

  const Spans spans = TraceOf("StreamQuery");
  const OtlpSpan own = Only(spans, absl::StrCat(kService, "StreamQuery"));
  EXPECT_TRUE(own.parent_span_id().empty());
  const OtlpSpan execute = Only(spans, "execute");
  const OtlpSpan stream = Only(spans, "stream");
  EXPECT_EQ(stream.parent_span_id(), own.span_id());
  EXPECT_EQ(AttributeOf(execute, "db.response.returned_rows"), "20000");
  ASSERT_EQ(execute.events_size(), 1);
  EXPECT_EQ(execute.events(0).name(), "first_rows");
  EXPECT_LE(execute.events(0).time_unix_nano(), stream.start_time_unix_nano());
}

TEST_F(TracingTest, ATransactionHasASpanForEachTurn) {
  StartTraced();
  TransactionStream transaction(client());
  transaction.Begin();
  transaction.Execute("SELECT 1 AS a");
  transaction.Execute("SELECT 1/0");
  transaction.Rollback();
  transaction.Finish();

  const Spans spans = TraceOf("Transaction");
  const OtlpSpan own = Only(spans, absl::StrCat(kService, "Transaction"));
  const Spans turns = Named(spans, "turn");
  ASSERT_EQ(turns.size(), 3u);
  for (const OtlpSpan& turn : turns) EXPECT_EQ(turn.parent_span_id(), own.span_id());
  const Spans of_begin = PartsOf(spans, turns[0]);
  ASSERT_EQ(of_begin.size(), 1u);
  EXPECT_EQ(of_begin[0].name(), "queue");
  const Spans good = PartsOf(spans, turns[1]);
  ASSERT_EQ(good.size(), 1u);
  EXPECT_EQ(good[0].name(), "execute");
  EXPECT_FALSE(good[0].has_status());
  EXPECT_FALSE(turns[1].has_status());
  const Spans bad = PartsOf(spans, turns[2]);
  ASSERT_EQ(bad.size(), 1u);
  EXPECT_EQ(AttributeOf(bad[0], "db.response.status_code"), "22012");
  EXPECT_EQ(turns[2].status().code(), Status::STATUS_CODE_ERROR);
  EXPECT_EQ(Only(spans, "rollback").parent_span_id(), own.span_id());
}

TEST_F(TracingTest, ALongTransactionHasSoManySpansAndNoMore) {
  StartTraced();
  TransactionStream transaction(client());
  transaction.Begin();
  // Each is a turn with a statement.
  for (int i = 0; i < 100; ++i) transaction.Execute("SELECT 1");
  transaction.Rollback();
  transaction.Finish();

  const Spans spans = TraceOf("Transaction");
  EXPECT_EQ(spans.size(), 129u);
  const OtlpSpan own = Only(spans, absl::StrCat(kService, "Transaction"));
  // BEGIN with its wait, a hundred turns with their statements, and the rollback: 203.
  EXPECT_EQ(AttributeOf(own, "pgsluice.dropped_spans"), "75");
}

TEST_F(TracingTest, ABatchHasASpanForEachFlight) {
  StartTraced();
  v1::BatchRequest batch;
  *batch.add_steps()->mutable_statement() = MakeStatement("SELECT 1");
  *batch.add_steps()->mutable_statement() = MakeStatement("SELECT 2");
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  v1::BatchResponse response;

  ASSERT_TRUE(client().stub().Batch(&context, batch, &response).ok());

  const Spans spans = TraceOf("Batch");
  const OtlpSpan own = Only(spans, absl::StrCat(kService, "Batch"));
  const OtlpSpan execute = Only(spans, "execute");
  EXPECT_EQ(execute.parent_span_id(), own.span_id());
  EXPECT_EQ(AttributeOf(execute, "db.operation.batch.size"), "2");
  EXPECT_EQ(Only(spans, "queue").parent_span_id(), own.span_id());
}

TEST_F(TracingTest, ALineOfTheLogNamesTheSpanThatItIsOf) {
  StartTraced({"log.slow_query_threshold=10ms"});
  const CallersTrace caller;

  ASSERT_TRUE(Query(MakeQuery("SELECT pg_sleep(0.05)"), caller).ok());

  const OtlpSpan own = Only(TraceOf(caller), absl::StrCat(kService, "Query"));
  const std::string names =
      absl::StrCat("\"trace_id\":\"", caller.trace_id, "\",\"span_id\":\"",
                   HexText(own.span_id()), "\"");
  EXPECT_TRUE(
      WaitFor("it is logged", [&] { return absl::StrContains(gateway().Log(), names); }));
}

}  // namespace
}  // namespace pgsluice::testing
