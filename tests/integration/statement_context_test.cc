// Statements of traced calls say their trace to PostgreSQL, and leave nothing behind.
#include <string>
#include <vector>

#include "gmock/gmock.h"

#include "tests/integration/security_fixture.h"
#include "tests/integration/tracing_fixture.h"

namespace pgsluice::testing {
namespace {

using ::testing::Each;
using ::testing::MatchesRegex;

constexpr char kName[] = "SELECT current_setting('application_name')";
constexpr char kWanted[] = "tracing.statement_context=APPLICATION_NAME";

std::string Labelled(const CallersTrace& trace) {
  return "pgsluice;trace=" + trace.trace_id;
}

v1::QueryRequest StrongRead(std::string_view sql) {
  v1::QueryRequest request = MakeQuery(sql, {}, v1::INTENT_READ);
  request.mutable_options()->mutable_freshness()->set_strong(true);
  return request;
}

void Trace(grpc::ClientContext& context, const CallersTrace& trace) {
  SetDeadline(context, kCallLimit);
  context.AddMetadata("traceparent", trace.header());
}

// The one text that the query answers, as a part of the trace.
std::string TextOf(GatewayClient& client, const v1::QueryRequest& request,
                   const CallersTrace& trace) {
  grpc::ClientContext context;
  Trace(context, trace);
  v1::QueryResponse response;
  const grpc::Status status = client.stub().Query(&context, request, &response);
  if (!status.ok()) return status.error_message();
  return response.rows_size() == 1 ? response.rows(0).values(0).text() : "no row";
}

class StatementContextTest : public Traced<LiveTest> {
 protected:
  // One session a server, so that every statement comes after every other one on it.
  void StartLabelled(std::vector<std::string> set = {}) {
    set.insert(set.end(),
               {kWanted, "pools.primary.max_size=1", "pools.replica.max_size=1"});
    StartTraced(std::move(set));
  }
  std::string NameOf(const v1::QueryRequest& request, const CallersTrace& trace) {
    return TextOf(client(), request, trace);
  }
  void ExpectNothingLeft() {
    EXPECT_EQ(NameOf(MakeQuery(kName), untraced_), "pgsluice");
    EXPECT_EQ(NameOf(MakeQuery(kName, {}, v1::INTENT_READ), untraced_), "pgsluice");
    for (const size_t server : {0, 1}) {
      EXPECT_EQ(cluster().Sql(server,
                              "SELECT count(*) FROM pg_stat_activity WHERE "
                              "application_name LIKE '%;trace=%' AND pid <> "
                              "pg_backend_pid()"),
                "0");
    }
  }
  std::vector<std::string> NamesIn(v1::BatchMode mode, v1::Intent intent) {
    v1::BatchRequest batch;
    batch.set_mode(mode);
    batch.mutable_options()->set_intent(intent);
    for (int i = 0; i < 3; ++i) {
      *batch.add_steps()->mutable_statement() = MakeStatement(kName);
    }
    grpc::ClientContext context;
    Trace(context, traced_);
    v1::BatchResponse response;
    const grpc::Status status = client().stub().Batch(&context, batch, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    std::vector<std::string> names;
    for (const v1::BatchStepResult& step : response.results()) {
      if (step.result().rows_size() != 1) continue;
      names.push_back(step.result().rows(0).values(0).text());
    }
    EXPECT_EQ(names.size(), 3u);
    return names;
  }

  const CallersTrace traced_;
  const CallersTrace untraced_{.trace_id = "11111111111111111111111111111111",
                               .is_sampled = false};
};

TEST_F(StatementContextTest, AQuerySaysItsTraceWhereverItRuns) {
  StartLabelled();
  const CallersTrace other{.trace_id = "22222222222222222222222222222222"};

  for (const v1::QueryRequest& request :
       {MakeQuery(kName), MakeQuery(kName, {}, v1::INTENT_READ), StrongRead(kName)}) {
    for (int i = 0; i < 3; ++i) {  // From the second time on it is prepared.
      EXPECT_EQ(NameOf(request, traced_), Labelled(traced_));
      EXPECT_EQ(NameOf(request, other), Labelled(other));
      EXPECT_EQ(NameOf(request, untraced_), "pgsluice");
    }
  }
  EXPECT_EQ(NameOf(MakeQuery("SELECT application_name FROM pg_stat_activity WHERE pid = "
                             "pg_backend_pid()"),
                   traced_),
            Labelled(traced_));
  ExpectNothingLeft();
}

TEST_F(StatementContextTest, AnErrorLeavesNothingBehind) {
  StartLabelled();
  for (const v1::QueryRequest& request :
       {MakeQuery("SELECT 1 / 0"), MakeQuery("SELECT 1 / 0", {}, v1::INTENT_READ),
        StrongRead("SELECT 1 / 0")}) {
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(Query(request, traced_).ok());
    ExpectNothingLeft();
  }
}

TEST_F(StatementContextTest, AWriteStandsAloneAsEver) {
  cluster().Sql(0, "DROP TABLE IF EXISTS labelled");
  cluster().Sql(0, "CREATE TABLE labelled (note text)");
  cluster().Sql(0,
                "CREATE OR REPLACE PROCEDURE commits() LANGUAGE plpgsql AS "
                "$$ BEGIN COMMIT; END $$");
  StartLabelled();

  grpc::ClientContext context;
  Trace(context, traced_);
  v1::QueryResponse response;
  ASSERT_TRUE(
      client()
          .stub()
          .Query(&context,
                 MakeQuery("INSERT INTO labelled VALUES "
                           "(current_setting('application_name')) RETURNING note"),
                 &response)
          .ok());
  EXPECT_EQ(response.rows(0).values(0).text(), Labelled(traced_));
  EXPECT_EQ(response.rows_affected(), 1u);
  EXPECT_FALSE(response.token().empty());
  EXPECT_EQ(cluster().Sql(0, "SELECT note FROM labelled"), Labelled(traced_));
  // What has to be alone, or commits itself, is.
  EXPECT_TRUE(Query(MakeQuery("VACUUM labelled"), traced_).ok());
  EXPECT_TRUE(Query(MakeQuery("CALL commits()"), traced_).ok());
  ExpectNothingLeft();
}

TEST_F(StatementContextTest, APreparedStatementWhoseTableHasChangedSaysItAgain) {
  cluster().Sql(0, "DROP TABLE IF EXISTS changing");
  cluster().Sql(0, "CREATE TABLE changing AS SELECT 1 AS a");
  StartLabelled({"pools.primary.min_size=1"});
  constexpr char kAll[] = "SELECT current_setting('application_name'), * FROM changing";

  for (const v1::QueryRequest& request : {MakeQuery(kAll), StrongRead(kAll)}) {
    for (const char* change :
         {"ALTER TABLE changing ADD b int", "ALTER TABLE changing DROP b"}) {
      for (int i = 0; i < 3; ++i) EXPECT_EQ(NameOf(request, traced_), Labelled(traced_));
      cluster().Sql(0, change);
      EXPECT_EQ(NameOf(request, traced_), Labelled(traced_)) << change;
    }
  }
  ExpectNothingLeft();
}

TEST_F(StatementContextTest, AStreamSaysItsTrace) {
  StartLabelled();
  for (const v1::Intent intent : {v1::INTENT_WRITE, v1::INTENT_READ}) {
    v1::StreamQueryRequest request = MakeStreamQuery(kName);
    request.mutable_options()->set_intent(intent);
    grpc::ClientContext context;
    Trace(context, traced_);
    const auto reader = client().stub().StreamQuery(&context, request);
    std::string name;
    v1::StreamQueryResponse message;
    while (reader->Read(&message)) {
      if (message.has_rows()) name = message.rows().rows(0).values(0).text();
    }
    EXPECT_TRUE(reader->Finish().ok());
    EXPECT_EQ(name, Labelled(traced_)) << v1::Intent_Name(intent);
  }
  ExpectNothingLeft();
}

TEST_F(StatementContextTest, AllStepsOfABatchSayItsTrace) {
  StartLabelled();
  for (const v1::BatchMode mode : {v1::BATCH_MODE_ATOMIC, v1::BATCH_MODE_INDEPENDENT}) {
    for (const v1::Intent intent : {v1::INTENT_WRITE, v1::INTENT_READ}) {
      EXPECT_THAT(NamesIn(mode, intent), Each(Labelled(traced_)))
          << v1::BatchMode_Name(mode) << " " << v1::Intent_Name(intent);
      ExpectNothingLeft();
    }
  }
}

TEST_F(StatementContextTest, ATransactionSaysItsTraceToItsEnd) {
  StartLabelled();
  TransactionStream transaction(client());
  const auto name = [&transaction] {
    return transaction.Execute(kName).result().rows(0).values(0).text();
  };
  transaction.Begin();
  const std::string labelled = name();
  transaction.Savepoint("s");
  EXPECT_TRUE(transaction.Execute("SELECT 1 / 0").has_statement_error());
  transaction.RollbackTo("s");
  EXPECT_EQ(name(), labelled);
  EXPECT_TRUE(transaction.Commit().has_committed());
  EXPECT_EQ(transaction.Finish().code, grpc::StatusCode::OK);

  const OtlpSpan own =
      Only(TraceOf("Transaction"), absl::StrCat(kService, "Transaction"));
  EXPECT_EQ(labelled, "pgsluice;trace=" + HexText(own.trace_id()));
  ExpectNothingLeft();
}

// The trace is no part of what is asked for.
TEST_F(StatementContextTest, AKeyIsRepeatedInAnotherTrace) {
  StartLabelled({"idempotency.enabled=true"});
  v1::QueryRequest request = MakeQuery(kName);
  request.mutable_options()->set_idempotency_key("key-of-two-traces");
  std::string first;
  EXPECT_TRUE(WaitFor("keys are kept", [&] {
    first = NameOf(request, traced_);
    return first == Labelled(traced_);
  })) << first;

  const CallersTrace other{.trace_id = "22222222222222222222222222222222"};
  EXPECT_EQ(NameOf(request, other), first);
  ExpectNothingLeft();
}

TEST_F(StatementContextTest, UnlessItIsAskedForNothingIsSaid) {
  StartTraced();

  EXPECT_EQ(NameOf(MakeQuery(kName), traced_), "pgsluice");
  EXPECT_EQ(NameOf(MakeQuery(kName, {}, v1::INTENT_READ), traced_), "pgsluice");
}

class StatementContextOfCallersTest : public Traced<SecurityTest> {};

TEST_F(StatementContextOfCallersTest, GoesWithTheSettingsOfTheCallerAndByAReload) {
  const std::string endpoint = absl::StrCat("endpoint: \"", receiver().endpoint(), "\"");
  lines_["tracing"] = {endpoint, "statement_context: APPLICATION_NAME"};
  lines_["callers"][1] = "- {name: app, settings: [{name: app.tenant, claim: tenant}]}";
  Start();
  GatewayClient app = As(issuer_.Sign(Claims("app", R"(,"tenant":"a")")));
  const std::string both =
      absl::StrCat(kName, " || ' ' || current_setting('app.tenant')");
  const CallersTrace traced;
  const CallersTrace untraced{.is_sampled = false};

  for (const v1::QueryRequest& request :
       {MakeQuery(both), MakeQuery(both, {}, v1::INTENT_READ), StrongRead(both)}) {
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(TextOf(app, request, traced), Labelled(traced) + " a");
      EXPECT_EQ(TextOf(app, request, untraced), "pgsluice a");
    }
  }
  TransactionStream transaction(app);
  transaction.Begin();
  EXPECT_THAT(transaction.Execute(both).result().rows(0).values(0).text(),
              MatchesRegex("pgsluice;trace=[0-9a-f]+ a"));
  transaction.Rollback();
  transaction.Finish();

  lines_["tracing"] = {endpoint, "statement_context: \"OFF\""};
  Reload();
  EXPECT_EQ(TextOf(app, MakeQuery(both), traced), "pgsluice a");
}

}  // namespace
}  // namespace pgsluice::testing
