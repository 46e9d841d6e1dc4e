// Callers with JSON Web Tokens, and keys that change while the gateway serves.
#include <string>

#include "gmock/gmock.h"

#include "tests/integration/security_fixture.h"

namespace pgsluice::testing {
namespace {

using grpc::StatusCode;
using ::testing::HasSubstr;
using ::testing::Not;

class JwtTest : public SecurityTest {};

TEST_F(JwtTest, ATokenSaysWhoIsCalling) {
  lines_["callers"].push_back("- {name: \"auth0|*\", read_only: true}");
  Start();

  GatewayClient app = As(issuer_.Sign(Claims("app")));
  EXPECT_TRUE(app.Query("SELECT 1").ok());
  EXPECT_TRUE(app.Query("SELECT 1").ok()) << "now it is known";
  GatewayClient reader = As(issuer_.Sign(Claims("auth0|7")));
  EXPECT_TRUE(reader.Read("SELECT 1").ok());
  EXPECT_EQ(reader.Query("SELECT 1").failure.code, StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(As(issuer_.Sign(Claims("other"))).Query("SELECT 1").failure.code,
            StatusCode::PERMISSION_DENIED);
}

TEST_F(JwtTest, StrangersLearnNothingAndTheLogAllButTheToken) {
  Start();
  const std::string good = issuer_.Sign(Claims("app"));
  const std::string of_other =
      JwtIssuer(JwtIssuer::Key::kP256, "first").Sign(Claims("app"));
  const std::string expired = issuer_.Sign(Claims("app", "", -absl::Minutes(1)));
  const std::string unsigned_token =
      absl::StrCat(Base64Url(R"({"alg":"none"})"), ".", Base64Url(Claims("app")), ".");

  const Answer unknown = As("opaque").Query("SELECT 1");
  for (const std::string& token : {of_other, expired, unsigned_token, good + "A"}) {
    const Answer answer = As(token).Query("SELECT 1");
    EXPECT_EQ(answer.failure.code, StatusCode::UNAUTHENTICATED) << answer.failure;
    EXPECT_EQ(answer.status.error_message(), unknown.status.error_message());
    EXPECT_THAT(gateway().Log(), Not(HasSubstr(token)));
  }
  // Refusals are logged once a second on each shard.
  EXPECT_TRUE(WaitFor("it is told why", [&] {
    (void)As(expired).Query("SELECT 1");
    return gateway().Log().find("it has expired") != std::string::npos;
  }));
  EXPECT_TRUE(As(good).Query("SELECT 1").ok());
}

TEST_F(JwtTest, ATokenThatWasGoodExpires) {
  Start();
  GatewayClient app = As(issuer_.Sign(Claims("app", "", absl::Seconds(3))));
  ASSERT_TRUE(app.Query("SELECT 1").ok());

  EXPECT_TRUE(WaitFor("it has expired", [&] {
    return app.Query("SELECT 1").failure.code == StatusCode::UNAUTHENTICATED;
  }));
}

TEST_F(JwtTest, KeysChangeWithoutAReload) {
  Start();
  const JwtIssuer second(JwtIssuer::Key::kEd25519, "second");
  GatewayClient old_app = As(issuer_.Sign(Claims("app")));
  GatewayClient new_app = As(second.Sign(Claims("app")));
  ASSERT_TRUE(old_app.Query("SELECT 1").ok());
  ASSERT_FALSE(new_app.Query("SELECT 1").ok());

  WriteKeys(absl::StrCat(R"({"keys":[)", issuer_.Jwk(), ",", second.Jwk(), "]}"));
  EXPECT_TRUE(WaitFor("both are good", [&] { return new_app.Query("SELECT 1").ok(); }));
  EXPECT_TRUE(old_app.Query("SELECT 1").ok());

  WriteKeys(R"({"keys":[]})");
  EXPECT_TRUE(WaitFor("it is told", [&] {
    return gateway().Log().find("those of before stay in use") != std::string::npos;
  }));
  EXPECT_TRUE(old_app.Query("SELECT 1").ok());

  WriteKeys(second.Jwks());
  EXPECT_TRUE(WaitFor("a token that was known is good no more", [&] {
    return old_app.Query("SELECT 1").failure.code == StatusCode::UNAUTHENTICATED;
  }));
  EXPECT_TRUE(new_app.Query("SELECT 1").ok());
}

TEST_F(JwtTest, AReloadChangesWhatIsAskedOfTokens) {
  Start();
  GatewayClient app = As(issuer_.Sign(Claims("app")));
  ASSERT_TRUE(app.Query("SELECT 1").ok());

  lines_["authentication"][1] = absl::StrCat("jwt: {jwks_file: ", KeysFile(),
                                             ", issuer: another, audience: gateway}");
  Reload();

  EXPECT_EQ(app.Query("SELECT 1").failure.code, StatusCode::UNAUTHENTICATED);
}

TEST_F(JwtTest, WithoutAGoodFileItDoesNotStart) {
  WriteKeys("{}");
  WriteFile();
  GatewaySettings settings;
  settings.config_file = path_;

  Gateway& gateway = StartGateway(std::move(settings));

  const absl::StatusOr<int> end = gateway.WaitForEnd();
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(*end, 1);
  EXPECT_THAT(gateway.Log(), HasSubstr("authentication.jwt.jwks_file"));
  ForgetGateway();
}

}  // namespace
}  // namespace pgsluice::testing
