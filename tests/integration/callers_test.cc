// Who is calling, and what that caller may do.
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "tests/integration/reload_fixture.h"
#include "tests/testing/certificate_authority.h"
#include "tests/testing/sql_connection.h"

namespace pgsluice::testing {
namespace {

using grpc::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// With their SHA-256.
constexpr char kAppToken[] = "secret";
constexpr char kAppLine[] =
    "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b app\n";
constexpr char kReaderToken[] = "other";
constexpr char kReaderLine[] =
    "d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa reader\n";

class CallersTest : public ReloadTest {
 protected:
  void SetUp() override {
    ReloadTest::SetUp();
    stem_ = path_ + ".d";
    ca_ = std::make_unique<CertificateAuthority>(cluster().temp_path(), "callers_ca");
    const KeyPair server = ca_->Issue("server", "IP:127.0.0.1");
    credentials_ = ClientTls(ca_->ca_file(), ca_->Issue("operator", "DNS:operator"));
    WriteTokens(absl::StrCat(kAppLine, kReaderLine));
    lines_["server"] = {absl::StrCat("tls: {cert_file: ", server.cert, ", key_file: ",
                                     server.key, ", client_ca_file: ", ca_->ca_file(),
                                     ", client_certificates: OPTIONAL}"),
                        "admin_service: \"ON\""};
    lines_["authentication"] = {"enabled: true", "tokens_file: " + TokensFile()};
    lines_["callers"] = {"- {name: operator, methods: all}",
                         "- {name: app, max_transactions: 1}",
                         "- {name: reader, read_only: true, max_rows: 5}",
                         "- {name: \"spiffe://test/*\", methods: Query}"};
  }

  std::string TokensFile() const { return stem_ + ".tokens"; }
  void WriteTokens(const std::string& text) { std::ofstream(TokensFile()) << text; }

  GatewayClient As(const std::string& token) {
    return GatewayClient(gateway().port(), grpc::CompositeChannelCredentials(
                                               ClientTls(ca_->ca_file()),
                                               grpc::AccessTokenCredentials(token)));
  }
  GatewayClient WithNames(const std::string& names) {
    return GatewayClient(gateway().port(),
                         ClientTls(ca_->ca_file(), ca_->Issue("caller", names)));
  }
  GatewayClient Stranger() {
    return GatewayClient(gateway().port(), ClientTls(ca_->ca_file()));
  }

  static StatusCode PoolStatsOf(GatewayClient& client) {
    grpc::ClientContext context;
    SetDeadline(context, kCallLimit);
    v1::PoolStatsResponse response;
    return client.stub().PoolStats(&context, {}, &response).error_code();
  }
  static StatusCode HealthOf(GatewayClient& client) {
    grpc::ClientContext context;
    SetDeadline(context, kCallLimit);
    v1::HealthResponse response;
    return client.stub().Health(&context, {}, &response).error_code();
  }
  static StatusCode ReflectionOf(GatewayClient& client) {
    const auto stub = grpc::reflection::v1::ServerReflection::NewStub(client.channel());
    grpc::ClientContext context;
    SetDeadline(context, kCallLimit);
    auto stream = stub->ServerReflectionInfo(&context);
    grpc::reflection::v1::ServerReflectionRequest request;
    request.set_list_services("");
    stream->Write(request);
    stream->WritesDone();
    grpc::reflection::v1::ServerReflectionResponse response;
    while (stream->Read(&response)) {
    }
    return stream->Finish().error_code();
  }
  static StatusCode TransactionOf(GatewayClient& client) {
    TransactionStream transaction(client);
    transaction.Begin();
    transaction.Rollback();
    return transaction.Finish().code;
  }

  std::string stem_;
  std::unique_ptr<CertificateAuthority> ca_;
};

TEST_F(CallersTest, StrangersAreRefusedWhateverTheyAskFor) {
  Start();
  GatewayClient stranger = Stranger();

  // What is wrong with the statement is not even looked at.
  const Answer answer = stranger.Query("");
  EXPECT_EQ(answer.failure.code, StatusCode::UNAUTHENTICATED) << answer.failure;
  EXPECT_THAT(answer.status.error_message(), HasSubstr("neither a bearer token nor"));
  EXPECT_EQ(answer.failure.verdict.scope(), v1::RETRY_SCOPE_NEVER);
  EXPECT_EQ(stranger.Stream(MakeStreamQuery("SELECT 1")).status.error_code(),
            StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(TransactionOf(stranger), StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(PoolStatsOf(stranger), StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(HealthOf(stranger), StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(ReflectionOf(stranger), StatusCode::UNAUTHENTICATED);

  const Answer wrong = As("wrong-t0ken").Query("SELECT 1");
  EXPECT_EQ(wrong.failure.code, StatusCode::UNAUTHENTICATED) << wrong.failure;
  EXPECT_THAT(gateway().Log(), Not(HasSubstr("wrong-t0ken")));

  EXPECT_TRUE(HealthClient(gateway().admin_port()).IsServing("readiness"));
}

TEST_F(CallersTest, ATokenOrACertificateSaysWhoIsCalling) {
  Start();

  EXPECT_TRUE(As(kAppToken).Query("SELECT 1").ok());
  EXPECT_TRUE(WithNames("URI:spiffe://test/a").Query("SELECT 1").ok());
  EXPECT_TRUE(WithNames("DNS:nobody,DNS:app").Query("SELECT 1").ok());

  const Answer unknown = WithNames("DNS:nobody").Query("SELECT 1");
  EXPECT_EQ(unknown.failure.code, StatusCode::PERMISSION_DENIED) << unknown.failure;
  EXPECT_THAT(unknown.status.error_message(), HasSubstr("nobody"));
  EXPECT_EQ(WithNames("").Query("SELECT 1").failure.code, StatusCode::UNAUTHENTICATED);
}

TEST_F(CallersTest, CallersMayCallWhatTheirEntrySays) {
  Start();
  GatewayClient app = As(kAppToken);
  GatewayClient workload = WithNames("URI:spiffe://test/a");

  EXPECT_EQ(PoolStatsOf(app), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(ReflectionOf(app), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(HealthOf(app), StatusCode::OK);
  EXPECT_EQ(TransactionOf(app), StatusCode::OK);
  EXPECT_TRUE(workload.Query("SELECT 1").ok());
  EXPECT_EQ(workload.Stream(MakeStreamQuery("SELECT 1")).failure.code,
            StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(HealthOf(workload), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(PoolStatsOf(client()), StatusCode::OK);
  EXPECT_EQ(ReflectionOf(client()), StatusCode::OK);
}

TEST_F(CallersTest, AReaderReadsAndNoMoreRowsThanItMay) {
  Start();
  GatewayClient reader = As(kReaderToken);

  EXPECT_TRUE(reader.Read("SELECT generate_series(1, 5)").ok());
  EXPECT_EQ(reader.Read("SELECT generate_series(1, 6)").failure.code,
            StatusCode::RESOURCE_EXHAUSTED);
  const Answer write = reader.Query("SELECT 1");
  EXPECT_EQ(write.failure.code, StatusCode::PERMISSION_DENIED) << write.failure;
  EXPECT_EQ(TransactionOf(reader), StatusCode::PERMISSION_DENIED);
  v1::BatchRequest batch;
  *batch.add_steps()->mutable_statement() = MakeQuery("SELECT 1").statement();
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  v1::BatchResponse response;
  EXPECT_EQ(reader.stub().Batch(&context, batch, &response).error_code(),
            StatusCode::PERMISSION_DENIED);
  // A read that would write is stopped by PostgreSQL.
  EXPECT_FALSE(reader.Read("CREATE TABLE t (a int)").ok());

  TransactionStream transaction(reader);
  v1::Begin begin;
  begin.mutable_options()->set_intent(v1::INTENT_READ);
  EXPECT_TRUE(transaction.Begin(begin).has_begun());
  transaction.Rollback();
  EXPECT_EQ(transaction.Finish().code, StatusCode::OK);
}

TEST_F(CallersTest, ACallerHasNoMoreTransactionsThanItMay) {
  Start();
  GatewayClient app = As(kAppToken);
  {
    TransactionStream first(app);
    ASSERT_TRUE(first.Begin().has_begun());

    EXPECT_EQ(TransactionOf(app), StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_EQ(TransactionOf(client()), StatusCode::OK) << "others have their own";
    EXPECT_TRUE(app.Query("SELECT 1").ok());

    // Those in progress count on.
    lines_["callers"][1] = "- {name: app, max_transactions: 1, max_calls: 7}";
    EXPECT_THAT(PathsOf(Reload().applied()), ElementsAre("callers[1].max_calls"));
    EXPECT_EQ(TransactionOf(app), StatusCode::RESOURCE_EXHAUSTED);
    first.Rollback();
    EXPECT_EQ(first.Finish().code, StatusCode::OK);
  }
  EXPECT_TRUE(
      WaitFor("there is room", [&] { return TransactionOf(app) == StatusCode::OK; }));
}

TEST_F(CallersTest, ACallerHasNoMoreCallsThanItMay) {
  lines_["callers"][1] = "- {name: app, max_calls: 1}";
  Start();
  GatewayClient app = As(kAppToken);
  auto lock = SqlConnection::Open(cluster().server(0).conninfo());
  ASSERT_TRUE(lock.ok() && lock->Run("SELECT pg_advisory_lock(7)").ok());
  Answer held;
  std::thread holder([&] { held = app.Query("SELECT pg_advisory_xact_lock(7)"); });
  EXPECT_TRUE(WaitFor("it waits", [&] {
    const auto rows = lock->Run("SELECT 1 FROM pg_locks WHERE NOT granted");
    return rows.ok() && rows->size() == 1;
  }));

  const Answer second = app.Query("SELECT 1");
  const Answer another = client().Query("SELECT 1");
  EXPECT_TRUE(lock->Run("SELECT pg_advisory_unlock(7)").ok());
  holder.join();

  EXPECT_EQ(second.failure.code, StatusCode::RESOURCE_EXHAUSTED) << second.failure;
  EXPECT_TRUE(another.ok()) << "others have their own";
  EXPECT_TRUE(held.ok()) << held.failure;
  EXPECT_TRUE(WaitFor("there is room", [&] { return app.Query("SELECT 1").ok(); }));
}

TEST_F(CallersTest, ACallTakesNoLongerThanItsCallerMay) {
  lines_["callers"][1] = "- {name: app, max_duration: 100ms}";
  Start();

  const Answer answer = As(kAppToken).Query("SELECT pg_sleep(600)");

  EXPECT_EQ(answer.failure.code, StatusCode::DEADLINE_EXCEEDED) << answer.failure;
  EXPECT_TRUE(client().Query("SELECT pg_sleep(0.2)").ok()) << "others may";
}

TEST_F(CallersTest, AReloadChangesWhatCallersMayDo) {
  Start();
  GatewayClient app = As(kAppToken);
  ASSERT_EQ(PoolStatsOf(app), StatusCode::PERMISSION_DENIED);

  lines_["callers"][1] = "- {name: app, methods: monitoring}";
  Reload();

  EXPECT_EQ(PoolStatsOf(app), StatusCode::OK);
  EXPECT_EQ(app.Query("SELECT 1").failure.code, StatusCode::PERMISSION_DENIED);
}

TEST_F(CallersTest, TokensChangeWithoutAReload) {
  Start();
  GatewayClient app = As(kAppToken);
  GatewayClient reader = As(kReaderToken);
  ASSERT_TRUE(reader.Read("SELECT 1").ok());

  WriteTokens(kAppLine);
  EXPECT_TRUE(WaitFor("the token is gone", [&] {
    return reader.Read("SELECT 1").failure.code == StatusCode::UNAUTHENTICATED;
  }));
  EXPECT_TRUE(app.Query("SELECT 1").ok());

  WriteTokens("nonsense");
  EXPECT_TRUE(WaitFor("it is told", [&] {
    return gateway().Log().find("those of before stay in use") != std::string::npos;
  }));
  EXPECT_TRUE(app.Query("SELECT 1").ok());

  WriteTokens(absl::StrCat(kAppLine, kReaderLine));
  EXPECT_TRUE(WaitFor("the token is back", [&] { return reader.Read("SELECT 1").ok(); }));
}

TEST_F(CallersTest, ARefusalIsLoggedWithItsTrace) {
  Start();
  GatewayClient stranger = Stranger();
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  context.AddMetadata("traceparent",
                      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  v1::QueryResponse response;

  EXPECT_EQ(
      stranger.stub().Query(&context, MakeQuery("SELECT 1"), &response).error_code(),
      StatusCode::UNAUTHENTICATED);

  EXPECT_TRUE(WaitFor("it is logged", [&] {
    return gateway().Log().find(
               "\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\","
               "\"span_id\":\"b7ad6b7169203331\"") != std::string::npos;
  }));
}

TEST_F(CallersTest, SlowStatementsAreLoggedWithTheirCaller) {
  lines_["log"] = {"format: JSON", "slow_query_threshold: 1ms"};
  Start();

  ASSERT_TRUE(As(kAppToken).Query("SELECT pg_sleep(0.01)").ok());

  EXPECT_TRUE(WaitFor("it is logged", [&] {
    return gateway().Log().find("\"caller_name\":\"app\"") != std::string::npos;
  }));
  EXPECT_THAT(gateway().Log(), Not(HasSubstr(kAppToken)));
}

TEST_F(CallersTest, FairnessGoesByCaller) {
  lines_["pools"].push_back("fair_by: CALLER");
  lines_["pools"].push_back("fair_weights: [{caller: app, weight: 3}]");
  Start();

  EXPECT_TRUE(As(kAppToken).Query("SELECT 1").ok());
  EXPECT_TRUE(client().Query("SELECT 1").ok());
}

}  // namespace
}  // namespace pgsluice::testing
