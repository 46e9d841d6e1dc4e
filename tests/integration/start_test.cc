// Starting: with PostgreSQL down, on a port that is taken, with a bad configuration.
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/testing/free_port.h"
#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

using ::testing::HasSubstr;

class StartTest : public LiveTest {
 protected:
  static GatewaySettings Settings() {
    GatewaySettings settings;
    settings.conninfos = {cluster().server(0).conninfo(), cluster().server(1).conninfo()};
    return settings;
  }
  // The gateway gives up by itself and says why.
  void ExpectRefusal(const std::string& why) {
    const auto exit_status = gateway().WaitForEnd();
    ASSERT_TRUE(exit_status.ok()) << exit_status.status();
    EXPECT_NE(*exit_status, 0);
    EXPECT_LT(*exit_status, 128) << "ended by a signal\n" << gateway().Log();
    EXPECT_THAT(gateway().Log(), HasSubstr(why));
    ForgetGateway();
  }
};

TEST_F(StartTest, StartsAndStaysUpWhilePostgresqlIsDownAndRecovers) {
  ASSERT_TRUE(cluster().server(0).Stop(StopMode::kFast).ok());
  ASSERT_TRUE(cluster().server(1).Stop(StopMode::kFast).ok());
  GatewaySettings settings = Settings();
  settings.set = {"pools.primary.acquire_timeout=300ms"};
  StartGateway(settings);

  EXPECT_TRUE(
      WaitFor("it lives", [&] { return gateway().health().IsServing("liveness"); }));
  EXPECT_FALSE(gateway().health().IsServing("readiness"));
  const Answer refused = client().Query("SELECT 1");
  EXPECT_EQ(refused.failure.code, grpc::StatusCode::UNAVAILABLE) << refused.failure;
  EXPECT_EQ(refused.failure.verdict.outcome(), v1::OUTCOME_NOT_STARTED);
  EXPECT_TRUE(gateway().IsRunning());

  ASSERT_TRUE(cluster().server(0).Start().ok());
  ASSERT_TRUE(cluster().server(1).Start().ok());
  EXPECT_TRUE(gateway().IsReady());
  EXPECT_TRUE(WaitFor("calls succeed", [&] { return client().Query("SELECT 1").ok(); }));
  EXPECT_TRUE(SeesRole(1, v1::ROLE_REPLICA));
}

TEST_F(StartTest, APortThatIsTakenIsAPlainError) {
  GatewaySettings settings = Settings();
  settings.port = cluster().server(0).port();

  StartGateway(settings);

  ExpectRefusal(absl::StrCat(settings.port));
}

TEST_F(StartTest, AnUnknownSettingIsAPlainError) {
  GatewaySettings settings = Settings();
  settings.set = {"pools.primary.max_sise=3"};

  StartGateway(settings);

  ExpectRefusal("max_sise");
}

TEST_F(StartTest, EndpointsComeFromTheEnvironmentToo) {
  const auto uri = [](size_t i) {
    return absl::StrCat("postgresql://postgres@127.0.0.1:", cluster().server(i).port(),
                        "/postgres");
  };
  GatewaySettings settings;
  settings.environment = {"DATABASE_URL=" + uri(0), "DATABASE_REPLICA_URL=" + uri(1)};
  StartGateway(settings);

  ASSERT_TRUE(gateway().IsReady());
  EXPECT_TRUE(WaitFor("reads go to the replica", [&] {
    return client().Read("SELECT pg_is_in_recovery()").at(0, 0).bool_();
  }));
  EXPECT_FALSE(client().Query("SELECT pg_is_in_recovery()").at(0, 0).bool_());
  // TearDown counts by configured name.
  EXPECT_TRUE(gateway().IsQuiet());
  EXPECT_EQ(gateway().Stop().value_or(-1), 0);
  ForgetGateway();
}

TEST_F(StartTest, APasswordInAConnectionStringIsNeverLogged) {
  GatewaySettings settings = Settings();
  settings.conninfos[0] += " password=topsecret";
  settings.set = {"log.level=TRACE"};
  StartGateway(settings);
  ASSERT_TRUE(gateway().IsReady());

  ASSERT_TRUE(client().Query("SELECT 1").ok());

  EXPECT_THAT(gateway().Log(), ::testing::Not(HasSubstr("topsecret")));
}

}  // namespace
}  // namespace pgsluice::testing
