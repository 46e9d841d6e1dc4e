// A login that may do everything: refused at start, not used later on, allowed by name.
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"

#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class PrivilegedLoginTest : public LiveTest {
 public:
  static void SetUpTestSuite() {
    LiveTest::SetUpTestSuite();
    if (HasFatalFailure()) return;
    cluster().Sql(0, "CREATE ROLE plain LOGIN");
    cluster().Sql(0, "CREATE ROLE careless LOGIN BYPASSRLS");
    cluster().Sql(0, "CREATE ROLE climber LOGIN");
    ASSERT_TRUE(cluster().WaitCaughtUp().ok());
  }

 protected:
  void StartAs(const std::string& user, std::vector<std::string> set = {}) {
    GatewaySettings settings;
    settings.conninfos = {absl::StrReplaceAll(cluster().server(0).conninfo(),
                                              {{"user=postgres", "user=" + user}})};
    settings.set = {"session.privileged_login=REFUSED", "routing.failover_buffer_size=0"};
    settings.set.insert(settings.set.end(), set.begin(), set.end());
    StartGateway(std::move(settings));
  }
  void ExpectGivesUp(const std::string& why) {
    const auto exit_status = gateway().WaitForEnd();
    ASSERT_TRUE(exit_status.ok()) << exit_status.status();
    EXPECT_EQ(*exit_status, 1);
    EXPECT_THAT(gateway().Log(),
                AllOf(HasSubstr("pgsluiced: endpoint server0 is not used"),
                      HasSubstr(why), HasSubstr("session.privileged_login: ALLOWED")));
    ForgetGateway();
  }
  std::string LastError() {
    const v1::HealthResponse health = client().Health();
    return health.endpoints_size() == 0 ? "" : health.endpoints(0).last_error();
  }
  ::testing::AssertionResult IsRefused() {
    return WaitFor("the endpoint is not used",
                   [&] { return absl::StrContains(LastError(), "is a superuser"); });
  }
  ::testing::AssertionResult Serves() {
    return WaitFor("calls are served", [&] { return client().Query("SELECT 1").ok(); });
  }
};

TEST_F(PrivilegedLoginTest, ASuperuserKeepsTheGatewayFromStarting) {
  StartAs("postgres");

  ExpectGivesUp("its user postgres is a superuser");
}

TEST_F(PrivilegedLoginTest, SoDoesBypassrls) {
  StartAs("careless");

  ExpectGivesUp("its user careless has BYPASSRLS");
}

TEST_F(PrivilegedLoginTest, OthersMayServeAndSoMayThoseThatAreAllowed) {
  StartAs("plain");
  ASSERT_TRUE(gateway().IsReady());
  EXPECT_EQ(client().Query("SELECT session_user::text").at(0, 0).text(), "plain");
  EXPECT_EQ(gateway().Stop().value_or(-1), 0);

  StartAs("careless", {"session.privileged_login=ALLOWED"});
  ASSERT_TRUE(gateway().IsReady());
  EXPECT_EQ(client().Query("SELECT session_user::text").at(0, 0).text(), "careless");
}

TEST_F(PrivilegedLoginTest, OneFoundLaterIsNotUsedUntilItIsMended) {
  cluster().Sql(0, "ALTER ROLE climber SUPERUSER");
  ASSERT_TRUE(cluster().server(0).Stop(StopMode::kFast).ok());
  StartAs("climber", {"pools.primary.acquire_timeout=300ms"});
  ASSERT_TRUE(WaitFor("it has been probed", [&] { return !LastError().empty(); }));
  ASSERT_TRUE(cluster().server(0).Start().ok());

  EXPECT_TRUE(IsRefused());
  EXPECT_TRUE(gateway().IsRunning());
  EXPECT_FALSE(gateway().health().IsServing("readiness"));
  const Answer refused = client().Query("SELECT 1");
  EXPECT_EQ(refused.failure.code, grpc::StatusCode::UNAVAILABLE) << refused.failure;
  EXPECT_THAT(refused.failure.message, HasSubstr("its user climber is a superuser"));
  EXPECT_EQ(refused.failure.verdict.outcome(), v1::OUTCOME_NOT_STARTED);

  cluster().Sql(0, "ALTER ROLE climber NOSUPERUSER");
  EXPECT_TRUE(gateway().IsReady());
  EXPECT_TRUE(Serves());

  cluster().Sql(0, "ALTER ROLE climber SUPERUSER");
  EXPECT_TRUE(IsRefused());
  EXPECT_FALSE(client().Query("SELECT 1").ok());
  EXPECT_TRUE(gateway().IsRunning());

  cluster().Sql(0, "ALTER ROLE climber NOSUPERUSER");
  EXPECT_TRUE(Serves());
  EXPECT_TRUE(SeesRole(0, v1::ROLE_PRIMARY));
}

}  // namespace
}  // namespace pgsluice::testing
