// Statements run by their names: in all kinds of calls, by callers that may run no
// others, from a file that changes.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/integration/reload_fixture.h"
#include "tests/testing/certificate_authority.h"

namespace pgsluice::testing {
namespace {

using grpc::StatusCode;
using ::testing::HasSubstr;
using ::testing::Not;

// With its SHA-256.
constexpr char kToken[] = "secret";
constexpr char kTokenLine[] =
    "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b shop\n";

constexpr char kStatements[] = R"yaml(statements:
  - name: orders.add
    sql: INSERT INTO orders (customer) VALUES ($1) RETURNING id
    parameters: [text]
    intent: WRITE
  - name: orders.of
    sql: SELECT id FROM orders WHERE customer = $1
    parameters: [text]
    intent: READ
  - {name: orders.some, sql: SELECT id FROM orders, intent: READ, max_rows: 2}
  - {name: orders.count, sql: SELECT count(*) FROM orders, intent: READ}
  - {name: orders.double, sql: SELECT $1 * 2, parameters: [int8], intent: READ}
  - {name: orders.slow, sql: SELECT pg_sleep(30), intent: READ, max_duration: 200ms}
  - {name: orders.nap, sql: SELECT pg_sleep(0.01), intent: READ}
  - {name: other.one, sql: SELECT 1, intent: READ}
)yaml";

// Where it came to PostgreSQL as SQL, there would be a table of that name.
constexpr char kHostile[] = "x\"; CREATE TABLE hacked (a int); --";

v1::Statement Named(const std::string& name, std::vector<v1::Value> parameters = {}) {
  v1::Statement statement;
  statement.set_name(name);
  for (v1::Value& value : parameters) *statement.add_parameters() = std::move(value);
  return statement;
}

class NamedStatementsTest : public ReloadTest {
 protected:
  void SetUp() override {
    ReloadTest::SetUp();
    cluster().Sql(0, "DROP TABLE IF EXISTS orders, hacked");
    cluster().Sql(0, "CREATE TABLE orders (id serial, customer text)");
    ASSERT_TRUE(cluster().WaitCaughtUp().ok());
    ca_ = std::make_unique<CertificateAuthority>(cluster().temp_path(), "named_ca");
    const KeyPair server = ca_->Issue("server", "IP:127.0.0.1");
    credentials_ = ClientTls(ca_->ca_file(), ca_->Issue("operator", "DNS:operator"));
    std::ofstream(path_ + ".tokens") << kTokenLine;
    WriteStatements(kStatements);
    lines_["server"] = {absl::StrCat("tls: {cert_file: ", server.cert, ", key_file: ",
                                     server.key, ", client_ca_file: ", ca_->ca_file(),
                                     ", client_certificates: OPTIONAL}"),
                        "admin_service: \"ON\""};
    lines_["authentication"] = {"enabled: true", "tokens_file: " + path_ + ".tokens"};
    lines_["named_statements"] = {"file: " + File()};
    lines_["callers"] = {"- {name: operator, methods: all}",
                         "- {name: shop, named_only: true, statements: \"orders.*\"}"};
  }

  std::string File() const { return path_ + ".statements"; }
  // As a whole: half a file may be a good one.
  void WriteStatements(const std::string& text) {
    std::ofstream(File() + ".new") << text;
    std::filesystem::rename(File() + ".new", File());
  }

  // Of the caller that may run named statements only.
  std::unique_ptr<GatewayClient> Shop() {
    return std::make_unique<GatewayClient>(
        gateway().port(),
        grpc::CompositeChannelCredentials(ClientTls(ca_->ca_file()),
                                          grpc::AccessTokenCredentials(kToken)));
  }

  static Answer Query(GatewayClient& client, v1::Statement statement,
                      v1::Intent intent = v1::INTENT_UNSPECIFIED) {
    v1::QueryRequest request;
    *request.mutable_statement() = std::move(statement);
    request.mutable_options()->set_intent(intent);
    request.mutable_options()->set_report(true);
    return client.Query(request);
  }
  static StreamAnswer Stream(GatewayClient& client, v1::Statement statement) {
    v1::StreamQueryRequest request;
    *request.mutable_statement() = std::move(statement);
    return client.Stream(request);
  }
  struct BatchAnswer {
    Failure failure;
    v1::BatchResponse response;
  };
  static BatchAnswer Batch(GatewayClient& client, std::vector<v1::Statement> steps,
                           v1::RequestOptions options = {}) {
    v1::BatchRequest request;
    for (v1::Statement& step : steps) {
      *request.add_steps()->mutable_statement() = std::move(step);
    }
    *request.mutable_options() = std::move(options);
    return Batch(client, request);
  }
  static BatchAnswer Batch(GatewayClient& client, const v1::BatchRequest& request) {
    BatchAnswer answer;
    grpc::ClientContext context;
    SetDeadline(context, kCallLimit);
    answer.failure = Explain(client.stub().Batch(&context, request, &answer.response));
    return answer;
  }
  static v1::TransactionRequest Execute(v1::Statement statement) {
    v1::TransactionRequest request;
    *request.mutable_execute()->mutable_statement() = std::move(statement);
    return request;
  }
  static v1::TransactionRequest StreamRows(v1::Statement statement) {
    v1::TransactionRequest request;
    *request.mutable_query()->mutable_statement() = std::move(statement);
    return request;
  }
  std::string Count() { return cluster().Sql(0, "SELECT count(*) FROM orders"); }
  ::testing::AssertionResult Runs(GatewayClient& client, const std::string& name) {
    return WaitFor(name + " runs", [&] { return Query(client, Named(name)).ok(); });
  }

  std::unique_ptr<CertificateAuthority> ca_;
};

TEST_F(NamedStatementsTest, RunInAllKindsOfCalls) {
  Start();
  const auto shop = Shop();

  const Answer added = Query(*shop, Named("orders.add", {Text("a")}));
  ASSERT_TRUE(added.ok()) << added.failure;
  EXPECT_EQ(added.response.row_count(), 1u);
  EXPECT_EQ(added.response.route().role(), "primary");
  const Answer read = Query(*shop, Named("orders.count"));
  ASSERT_TRUE(read.ok()) << read.failure;
  EXPECT_EQ(read.response.route().role(), "replica") << "it says that it reads";
  const Answer twice = Query(*shop, Named("orders.double", {As("int4", Int(21))}));
  ASSERT_TRUE(twice.ok()) << twice.failure;
  EXPECT_EQ(twice.at(0, 0).int64(), 42);

  const StreamAnswer stream = Stream(*shop, Named("orders.count"));
  EXPECT_TRUE(stream.status.ok()) << stream.failure;
  EXPECT_EQ(stream.rows, 1u);

  const BatchAnswer mixed =
      Batch(*shop, {Named("orders.add", {Text("a")}), Named("orders.of", {Text("a")})});
  ASSERT_EQ(mixed.failure.code, StatusCode::OK) << mixed.failure;
  EXPECT_EQ(mixed.response.results(1).result().row_count(), 2u);
  v1::RequestOptions report;
  report.set_report(true);
  const BatchAnswer reads =
      Batch(*shop, {Named("orders.count"), Named("orders.count")}, report);
  ASSERT_EQ(reads.failure.code, StatusCode::OK) << reads.failure;
  EXPECT_EQ(reads.response.route().role(), "replica") << "all its steps read";

  TransactionStream transaction(*shop);
  ASSERT_TRUE(transaction.Begin().has_begun());
  EXPECT_TRUE(transaction.Ask(Execute(Named("orders.add", {Text("a")}))).has_result());
  v1::TransactionResponse rows =
      transaction.Ask(StreamRows(Named("orders.of", {Text("a")})));
  EXPECT_EQ(rows.rows().row_count(), 3u) << rows.ShortDebugString();
  EXPECT_TRUE(transaction.Receive()->has_result());
  EXPECT_TRUE(transaction.Commit().has_committed());
  EXPECT_EQ(Count(), "3");
}

TEST_F(NamedStatementsTest, ACallerThatMayRunNoOthersSendsNoSql) {
  Start();
  const auto shop = Shop();
  const v1::Statement sql = MakeStatement("SELECT 1");
  const auto expect_refused = [](const Failure& failure) {
    EXPECT_EQ(failure.code, StatusCode::PERMISSION_DENIED) << failure;
    EXPECT_EQ(failure.reason, "STATEMENT_NOT_NAMED") << failure;
  };

  expect_refused(Query(*shop, sql).failure);
  expect_refused(Query(*shop, sql, v1::INTENT_READ).failure);
  expect_refused(Query(*shop, v1::Statement()).failure);
  expect_refused(Stream(*shop, sql).failure);
  const v1::Statement add = Named("orders.add", {Text("a")});
  expect_refused(Batch(*shop, {add, sql}).failure);
  v1::BatchRequest independent;
  independent.set_mode(v1::BATCH_MODE_INDEPENDENT);
  *independent.add_steps()->mutable_statement() = add;
  *independent.add_steps()->mutable_statement() = sql;
  expect_refused(Batch(*shop, independent).failure);
  EXPECT_EQ(Count(), "0") << "nothing of a batch runs";
  for (const v1::TransactionRequest& request : {Execute(sql), StreamRows(sql)}) {
    TransactionStream transaction(*shop);
    ASSERT_TRUE(transaction.Begin().has_begun());
    const v1::TransactionResponse response = transaction.Ask(request);
    ASSERT_TRUE(response.has_statement_error()) << response.ShortDebugString();
    expect_refused(Explain(response.statement_error()));
  }
  v1::Statement both = add;
  both.set_sql("SELECT 1");
  EXPECT_EQ(Query(*shop, both).failure.code, StatusCode::INVALID_ARGUMENT);

  // Others may.
  EXPECT_TRUE(Query(client(), sql).ok());
  EXPECT_TRUE(Query(client(), Named("other.one")).ok());
}

TEST_F(NamedStatementsTest, ACallerDoesNotLearnWhichOthersThereAre) {
  Start();
  const auto shop = Shop();

  for (const char* name : {"other.one", "other.two", "orders.none"}) {
    const Failure failure = Query(*shop, Named(name)).failure;
    EXPECT_EQ(failure.code, StatusCode::NOT_FOUND) << failure;
    EXPECT_EQ(failure.reason, "STATEMENT_UNKNOWN") << failure;
  }
  EXPECT_EQ(Query(*shop, Named(kHostile)).failure.code, StatusCode::INVALID_ARGUMENT);
}

TEST_F(NamedStatementsTest, WhatElseACallerSendsIsNoSqlEither) {
  Start();
  const auto shop = Shop();

  v1::RequestOptions options;
  options.set_tag(kHostile);
  v1::BatchRequest batch;
  v1::BatchStep& step = *batch.add_steps();
  *step.mutable_statement() = Named("orders.of", {Text(kHostile)});
  step.mutable_expect()->set_first_cell(kHostile);
  *batch.mutable_options() = options;
  EXPECT_EQ(Batch(*shop, batch).failure.reason, "EXPECTATION_FAILED");
  options.set_idempotency_key(kHostile);
  EXPECT_FALSE(
      Batch(*shop, {Named("orders.add", {Text(kHostile)})}, options).failure.code ==
      StatusCode::OK);
  EXPECT_EQ(Query(*shop, Named("orders.count", {As(kHostile, Text("1"))})).failure.code,
            StatusCode::INVALID_ARGUMENT);

  TransactionStream transaction(*shop);
  v1::Begin begin;
  begin.mutable_options()->set_tag(kHostile);
  ASSERT_TRUE(transaction.Begin(begin).has_begun());
  EXPECT_TRUE(transaction.Savepoint(kHostile).has_result());
  EXPECT_TRUE(
      transaction.Ask(Execute(Named("orders.add", {Text(kHostile)}))).has_result());
  EXPECT_TRUE(transaction.RollbackTo(kHostile).has_result());
  EXPECT_TRUE(transaction.Release(kHostile).has_result());
  EXPECT_TRUE(transaction.Commit().has_committed());

  EXPECT_EQ(cluster().Sql(0, "SELECT to_regclass('hacked') IS NULL"), "t");
  EXPECT_EQ(Count(), "0");
}

TEST_F(NamedStatementsTest, TheirIntentHolds) {
  Start();
  const auto shop = Shop();
  const v1::Statement add = Named("orders.add", {Text("a")});
  const v1::Statement count = Named("orders.count");
  const auto is_refused = [](const Failure& failure) {
    return failure.code == StatusCode::INVALID_ARGUMENT;
  };

  EXPECT_TRUE(is_refused(Query(*shop, count, v1::INTENT_WRITE).failure));
  EXPECT_TRUE(is_refused(Query(*shop, add, v1::INTENT_READ).failure));
  EXPECT_TRUE(Query(*shop, count, v1::INTENT_READ).ok());
  EXPECT_TRUE(Query(*shop, add, v1::INTENT_WRITE).ok());
  v1::RequestOptions read;
  read.set_intent(v1::INTENT_READ);
  const Failure batch = Batch(*shop, {count, add}, read).failure;
  EXPECT_TRUE(is_refused(batch)) << batch;
  EXPECT_THAT(batch.message, HasSubstr("steps[1]"));

  TransactionStream transaction(*shop);
  ASSERT_TRUE(transaction.Begin(BeginReadOnly()).has_begun());
  EXPECT_TRUE(transaction.Ask(Execute(count)).has_result());
  const v1::TransactionResponse refused = transaction.Ask(Execute(add));
  ASSERT_TRUE(refused.has_statement_error()) << refused.ShortDebugString();
  EXPECT_TRUE(is_refused(Explain(refused.statement_error())));
  EXPECT_EQ(Count(), "1");
}

TEST_F(NamedStatementsTest, TheirLimitsHold) {
  cluster().Sql(0, "INSERT INTO orders (customer) VALUES ('a'), ('a'), ('a')");
  ASSERT_TRUE(cluster().WaitCaughtUp().ok());
  Start();
  const auto shop = Shop();
  const v1::Statement some = Named("orders.some");
  const auto expect_too_large = [](const Failure& failure) {
    EXPECT_EQ(failure.code, StatusCode::RESOURCE_EXHAUSTED) << failure;
    EXPECT_THAT(failure.message, HasSubstr("max_rows"));
  };

  expect_too_large(Query(*shop, some).failure);
  expect_too_large(Stream(*shop, some).failure);
  expect_too_large(Batch(*shop, {some}).failure);
  for (const v1::TransactionRequest& request : {Execute(some), StreamRows(some)}) {
    TransactionStream transaction(*shop);
    ASSERT_TRUE(transaction.Begin().has_begun());
    v1::TransactionResponse response = transaction.Ask(request);
    ASSERT_TRUE(response.has_statement_error()) << response.ShortDebugString();
    expect_too_large(Explain(response.statement_error()));
  }

  const v1::Statement slow = Named("orders.slow");
  EXPECT_EQ(Query(*shop, slow).failure.code, StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(Stream(*shop, slow).failure.code, StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(Batch(*shop, {slow}).failure.code, StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(NamedStatementsTest, TheAuditTheSlowQueryLogAndTheStatisticsNameThem) {
  const std::string audit = path_ + ".audit";
  lines_["audit"] = {"enabled: true", "file: " + audit};
  lines_["log"] = {"format: JSON", "slow_query_threshold: 1ms"};
  Start();
  const auto shop = Shop();
  const auto times = [](const std::string& text, const std::string& what) {
    return std::vector<std::string>(absl::StrSplit(text, what)).size() - 1;
  };

  EXPECT_TRUE(Query(*shop, Named("orders.nap")).ok());
  EXPECT_TRUE(Stream(*shop, Named("orders.nap")).status.ok());
  EXPECT_EQ(Batch(*shop, {Named("orders.nap")}).failure.code, StatusCode::OK);
  {
    TransactionStream transaction(*shop);
    transaction.Begin();
    EXPECT_TRUE(transaction.Ask(Execute(Named("orders.nap"))).has_result());
    transaction.Rollback();
    EXPECT_EQ(transaction.Finish().code, StatusCode::OK);
  }

  EXPECT_TRUE(WaitFor("the audit has four lines", [&] {
    return times(ReadFile(audit), "\"names\":\"orders.nap\"") == 4;
  })) << ReadFile(audit);
  EXPECT_EQ(times(gateway().Log(), "\"statement\":\"orders.nap\""), 4u)
      << gateway().Log();
  uint64_t calls = 0;
  const v1::TopStatementsResponse top = client().TopStatements({});
  for (const v1::StatementStats& statement : top.statements()) {
    if (statement.name() == "orders.nap") calls += statement.calls();
  }
  EXPECT_EQ(calls, 4u) << top.DebugString();
}

TEST_F(NamedStatementsTest, TheFileIsFollowed) {
  Start();
  const auto shop = Shop();
  ASSERT_TRUE(Query(*shop, Named("orders.count")).ok());

  WriteStatements("statements: [{name: orders.new, sql: SELECT 1, intent: READ}]\n");
  EXPECT_TRUE(Runs(*shop, "orders.new"));
  EXPECT_EQ(Query(*shop, Named("orders.count")).failure.code, StatusCode::NOT_FOUND);

  WriteStatements("statements: [{name: orders.new, sql: COMMIT, intent: READ}]\n");
  EXPECT_TRUE(WaitFor(
      "it is told", [&] { return CountLines("the named statements are no good") == 1; }));
  EXPECT_THAT(gateway().Log(), HasSubstr("1:14: statement orders.new: sql: transaction"));
  EXPECT_TRUE(Query(*shop, Named("orders.new")).ok());

  WriteStatements(kStatements);
  EXPECT_TRUE(Runs(*shop, "orders.count"));
  EXPECT_EQ(CountLines("the named statements are no good"), 1u);
}

TEST_F(NamedStatementsTest, AReloadNamesAnotherFileAndOtherRights) {
  Start();
  const auto shop = Shop();
  std::ofstream(path_ + ".others")
      << "statements: [{name: other.new, sql: SELECT 1, intent: READ}]\n";

  lines_["named_statements"] = {"file: " + path_ + ".others"};
  lines_["callers"][1] = "- {name: shop, named_only: true, statements: \"other.*\"}";
  Reload();

  EXPECT_TRUE(Query(*shop, Named("other.new")).ok());
  EXPECT_EQ(Query(*shop, Named("orders.count")).failure.code, StatusCode::NOT_FOUND);
}

TEST_F(NamedStatementsTest, ABadFileKeepsTheGatewayFromStarting) {
  WriteStatements("statements:\n- {name: a, sql: SELECT 1, intent: MAYBE}\n");
  WriteFile();
  GatewaySettings settings;
  settings.config_file = path_;
  StartGateway(std::move(settings));

  const auto exit_status = gateway().WaitForEnd();
  ASSERT_TRUE(exit_status.ok()) << exit_status.status();
  EXPECT_EQ(*exit_status, 1);
  EXPECT_THAT(gateway().Log(), HasSubstr("named_statements.file: "));
  EXPECT_THAT(gateway().Log(), HasSubstr("statement a: intent: expected READ or WRITE"));
  ForgetGateway();
}

}  // namespace
}  // namespace pgsluice::testing
