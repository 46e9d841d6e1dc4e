// Logins besides the endpoints' own: sessions that no SQL leads out of, with rights,
// sizes and failures of their own.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/integration/metrics_page.h"
#include "tests/integration/security_fixture.h"
#include "tests/testing/free_port.h"

namespace pgsluice::testing {
namespace {

using grpc::StatusCode;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kSessionUser[] = "SELECT session_user::text";

// The operator's statements run as gateway_user, by the endpoints' own login.
class LoginsTest : public SecurityTest {
 public:
  static void SetUpTestSuite() {
    LiveTest::SetUpTestSuite();
    if (HasFatalFailure()) return;
    for (const char* sql :
         {"CREATE ROLE reports_user LOGIN PASSWORD 'right'", "CREATE ROLE climber LOGIN",
          "CREATE ROLE root_user LOGIN SUPERUSER", "CREATE TABLE ledger (amount int8)",
          "INSERT INTO ledger VALUES (7)"}) {
      cluster().Sql(0, sql);
    }
    for (size_t i = 0; i < cluster().size(); ++i) {
      const std::string path = cluster().server(i).data_dir() + "/pg_hba.conf";
      const std::string trusting = ReadFile(path);
      std::ofstream(path) << "host all reports_user 127.0.0.1/32 scram-sha-256\n"
                          << trusting;
      cluster().Sql(i, "SELECT pg_reload_conf()");
    }
  }

 protected:
  void SetUp() override {
    SecurityTest::SetUp();
    cluster().Sql(0, "GRANT SELECT ON ledger TO gateway_user");
    const absl::Status caught_up = cluster().WaitCaughtUp();
    ASSERT_TRUE(caught_up.ok()) << caught_up;
    WritePassword("right");
    lines_["callers"] = {"- {name: operator, methods: all}",
                         "- {name: reports, login: reports}"};
    SetLogins("reports_user", 3);
  }
  void StartServing() {
    metrics_port_ = PickFreePort();
    Start({"session.privileged_login=REFUSED",
           absl::StrCat("server.metrics_listen_address=127.0.0.1:", metrics_port_)});
  }

  void SetLogins(const std::string& user, int max_size) {
    lines_["logins"] = {absl::StrCat("- {name: reports, user: ", user,
                                     ", password_file: ", PasswordFile(),
                                     ", primary: {max_size: ", max_size, "}}")};
  }
  std::string PasswordFile() const { return stem_ + ".password"; }
  // As a whole, or the gateway could read half of it.
  void WritePassword(const std::string& password) {
    std::ofstream(PasswordFile() + ".new") << password << "\n";
    std::filesystem::rename(PasswordFile() + ".new", PasswordFile());
  }

  GatewayClient Reports() { return As(issuer_.Sign(Claims("reports"))); }
  v1::EndpointPoolStats PoolOfLogin(const std::string& login) {
    const v1::PoolStatsResponse stats = client().PoolStats();
    for (const v1::EndpointPoolStats& pool : stats.pools()) {
      const bool is_meant = pool.endpoint() == "server0" && pool.login() == login;
      if (is_meant && !pool.retired()) return pool;
    }
    return {};
  }
  // Of a query as `client`, or why it failed.
  static std::string UserOf(GatewayClient& client) {
    const Answer answer = client.Query(kSessionUser);
    return answer.ok() ? answer.at(0, 0).text() : answer.failure.message;
  }
  static ::testing::AssertionResult Becomes(GatewayClient& client,
                                            const std::string& user) {
    std::string last;
    auto result = WaitFor(absl::StrCat("the session's user is ", user), [&] {
      last = UserOf(client);
      return last == user;
    });
    if (!result) result << "; last: " << last;
    return result;
  }

  int metrics_port_ = 0;
};

TEST_F(LoginsTest, EveryCallRunsAsItsCallersLogin) {
  StartServing();
  GatewayClient reports = Reports();

  EXPECT_EQ(UserOf(client()), "gateway_user");
  EXPECT_EQ(UserOf(reports), "reports_user");
  EXPECT_EQ(client().Read(kSessionUser).at(0, 0).text(), "gateway_user");
  EXPECT_EQ(reports.Read(kSessionUser).at(0, 0).text(), "reports_user");

  const StreamAnswer stream = reports.Stream(
      MakeStreamQuery("SELECT (session_user = 'reports_user')::int4::int8"));
  EXPECT_TRUE(stream.status.ok()) << stream.failure;
  EXPECT_EQ(stream.sum, 1u);

  TransactionStream transaction(reports);
  ASSERT_TRUE(transaction.Begin().has_begun());
  EXPECT_EQ(transaction.Execute(kSessionUser).result().rows(0).values(0).text(),
            "reports_user");
  transaction.Commit();
  EXPECT_EQ(transaction.Finish().code, StatusCode::OK);

  v1::BatchRequest batch;
  *batch.add_steps()->mutable_statement() = MakeStatement(kSessionUser);
  *batch.add_steps()->mutable_statement() = MakeStatement(kSessionUser);
  grpc::ClientContext context;
  SetDeadline(context, kCallLimit);
  v1::BatchResponse response;
  const grpc::Status status = reports.stub().Batch(&context, batch, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  for (const v1::BatchStepResult& result : response.results()) {
    EXPECT_EQ(result.result().rows(0).values(0).text(), "reports_user");
  }
}

TEST_F(LoginsTest, NoSqlLeadsFromOneToAnother) {
  StartServing();
  GatewayClient reports = Reports();

  for (const char* sql :
       {"SET ROLE gateway_user", "SET SESSION AUTHORIZATION gateway_user",
        "SELECT set_config('role', 'gateway_user', false)"}) {
    const Answer refused = reports.Query(sql);
    EXPECT_EQ(refused.failure.code, StatusCode::PERMISSION_DENIED)
        << sql << ": " << refused.failure;
  }
  for (const char* sql : {"RESET ROLE", "RESET SESSION AUTHORIZATION"}) {
    TransactionStream transaction(reports);
    ASSERT_TRUE(transaction.Begin().has_begun());
    EXPECT_TRUE(transaction.Execute(sql).has_result()) << sql;
    const auto who = transaction.Execute("SELECT session_user || ' ' || current_user");
    EXPECT_EQ(who.result().rows(0).values(0).text(), "reports_user reports_user") << sql;
    transaction.Commit();
    EXPECT_EQ(transaction.Finish().code, StatusCode::OK);
  }
}

TEST_F(LoginsTest, RightsAreThoseOfItsUser) {
  StartServing();
  GatewayClient reports = Reports();

  EXPECT_EQ(client().Query("SELECT amount FROM ledger").at(0, 0).int64(), 7);
  const Answer refused = reports.Query("SELECT amount FROM ledger");
  EXPECT_EQ(refused.failure.code, StatusCode::PERMISSION_DENIED) << refused.failure;
  EXPECT_EQ(refused.failure.sqlstate(), "42501");
}

TEST_F(LoginsTest, AWrongPasswordConcernsNobodyElse) {
  WritePassword("wr0ng");
  StartServing();
  GatewayClient reports = Reports();

  const Answer refused = reports.Query(kSessionUser);
  EXPECT_EQ(refused.failure.code, StatusCode::UNAVAILABLE) << refused.failure;
  EXPECT_EQ(refused.failure.reason, "BACKEND_AUTH_FAILED");
  EXPECT_THAT(refused.failure.message, HasSubstr("server0 (login reports)"));
  const Answer read = reports.Read(kSessionUser);
  EXPECT_EQ(read.failure.reason, "BACKEND_AUTH_FAILED") << read.failure;
  EXPECT_EQ(UserOf(client()), "gateway_user");
  EXPECT_TRUE(client().Read("SELECT pg_is_in_recovery()").at(0, 0).bool_())
      << "the replica was ejected for it";
  EXPECT_TRUE(gateway().health().IsServing("readiness"));
  EXPECT_THAT(PoolOfLogin("reports").last_error(),
              HasSubstr("server0 (login reports) refused the gateway's own credentials"));
  EXPECT_THAT(gateway().Log(), Not(HasSubstr("wr0ng")));

  // It takes no reload.
  WritePassword("right");
  EXPECT_TRUE(Becomes(reports, "reports_user"));
}

TEST_F(LoginsTest, ASuperuserAmongThemKeepsTheGatewayFromStarting) {
  SetLogins("root_user", 3);
  WriteFile();
  GatewaySettings settings;
  settings.config_file = path_;
  settings.set = {"session.privileged_login=REFUSED"};
  settings.credentials = credentials_;
  StartGateway(std::move(settings));

  const auto exit_status = gateway().WaitForEnd();
  ASSERT_TRUE(exit_status.ok()) << exit_status.status();
  EXPECT_EQ(*exit_status, 1);
  EXPECT_THAT(gateway().Log(),
              AllOf(HasSubstr("pgsluiced: login reports with endpoint server"),
                    HasSubstr("its user root_user is a superuser"),
                    HasSubstr("session.privileged_login: ALLOWED")));
  ForgetGateway();
}

TEST_F(LoginsTest, OneFoundToBeASuperuserLaterIsNotUsedUntilItIsMended) {
  SetLogins("climber", 3);
  StartServing();
  GatewayClient reports = Reports();
  ASSERT_EQ(UserOf(reports), "climber");

  cluster().Sql(0, "ALTER ROLE climber SUPERUSER");
  EXPECT_TRUE(WaitFor("it is refused", [&] {
    return absl::StrContains(UserOf(reports), "its user climber is a superuser");
  }));
  EXPECT_EQ(reports.Query("SELECT 1").failure.reason, "LOGIN_REFUSED");
  EXPECT_EQ(UserOf(client()), "gateway_user");
  EXPECT_TRUE(gateway().health().IsServing("readiness"));

  cluster().Sql(0, "ALTER ROLE climber NOSUPERUSER");
  EXPECT_TRUE(Becomes(reports, "climber"));
}

TEST_F(LoginsTest, FiguresTellTheirPoolsApart) {
  StartServing();
  GatewayClient reports = Reports();
  ASSERT_EQ(UserOf(reports), "reports_user");
  ASSERT_EQ(UserOf(client()), "gateway_user");

  EXPECT_EQ(PoolOfLogin("reports").max_size(), 3u);
  EXPECT_EQ(PoolOfLogin("reports").min_size(), 0u);
  EXPECT_EQ(PoolOfLogin("reports").open(), 1u);
  EXPECT_EQ(PoolOfLogin("").max_size(), 10u);
  const MetricsPage page = MetricsPage::Of(metrics_port_);
  const std::string opened = "pgsluice_pool_connections_opened_total";
  const std::string most = "pgsluice_pool_connections_max";
  const std::string labels = R"({pool="primary",backend="server0")";
  EXPECT_EQ(page[most + labels + "}"], 10);
  EXPECT_EQ(page[most + labels + R"(,login="reports"})"], 3);
  EXPECT_EQ(page[opened + labels + R"(,login="reports"})"], 1);
}

TEST_F(LoginsTest, AReloadAddsThemSizesThemAndTakesThemAway) {
  const auto logins = lines_["logins"];
  const auto callers = lines_["callers"];
  lines_.erase("logins");
  lines_["callers"] = {"- {name: operator, methods: all}", "- {name: reports}"};
  StartServing();
  GatewayClient reports = Reports();
  EXPECT_EQ(UserOf(reports), "gateway_user");

  lines_["logins"] = logins;
  lines_["callers"] = callers;
  EXPECT_EQ(Reload().needs_restart_size(), 0);
  EXPECT_TRUE(Becomes(reports, "reports_user"));

  const uint64_t opened = PoolOfLogin("reports").counters().opened();
  SetLogins("reports_user", 5);
  Reload();
  EXPECT_EQ(PoolOfLogin("reports").max_size(), 5u);
  EXPECT_EQ(UserOf(reports), "reports_user");
  EXPECT_EQ(PoolOfLogin("reports").counters().opened(), opened) << "by the same session";

  lines_.erase("logins");
  lines_["callers"] = {"- {name: operator, methods: all}", "- {name: reports}"};
  Reload();
  EXPECT_EQ(UserOf(reports), "gateway_user");
  EXPECT_EQ(PoolOfLogin("reports").max_size(), 0u);
}

}  // namespace
}  // namespace pgsluice::testing
