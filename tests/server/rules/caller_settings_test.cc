#include "server/caller_settings.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;

CallerIdentity WithToken(std::map<std::string, std::string, std::less<>> claims) {
  auto token = std::make_shared<JwtIdentity>();
  token->name = "app";
  token->claims = std::move(claims);
  return {.names = {"app"}, .token = std::move(token)};
}

TEST(CallerSettingsTest, SetsThemByParametersAndForTheTransactionOnly) {
  const auto statement = SettingsStatement(
      {{.name = "app.tenant", .claim = "tenant"}, {.name = "app.source", .value = "x"}},
      WithToken({{"tenant", "a'b"}}), "app");

  ASSERT_TRUE(statement.ok()) << statement.status();
  EXPECT_EQ(statement->sql,
            "SELECT pg_catalog.set_config($1, $2, true), "
            "pg_catalog.set_config($3, $4, true)");
  ASSERT_EQ(statement->parameters.size(), 4u);
  EXPECT_EQ(statement->parameters[0].value, "app.tenant");
  EXPECT_EQ(statement->parameters[1].value, "a'b");
  EXPECT_EQ(statement->parameters[2].value, "app.source");
  EXPECT_EQ(statement->parameters[3].value, "x");
  EXPECT_EQ(statement->kind, StatementKind::kTransactionControl)
      << "no cause for a reset";
}

TEST(CallerSettingsTest, TheNameIsTheOneClaimOfOthers) {
  const CallerIdentity caller = {.names = {"first", "second"}};
  const auto by_name =
      SettingsStatement({{.name = "app.who", .claim = "name"}}, caller, "second");

  ASSERT_TRUE(by_name.ok()) << by_name.status();
  EXPECT_EQ(by_name->parameters[1].value, "second");
  EXPECT_FALSE(
      SettingsStatement({{.name = "app.who", .claim = "sub"}}, caller, "second").ok());
}

TEST(CallerSettingsTest, WithoutTheClaimThereIsNoStatement) {
  const std::vector<CallerSetting> settings = {{.name = "app.who", .claim = "name"}};
  for (const CallerIdentity& caller : {WithToken({}), WithToken({{"name", ""}})}) {
    const auto statement = SettingsStatement(settings, caller, "app");
    EXPECT_EQ(statement.status().code(), absl::StatusCode::kPermissionDenied);
    EXPECT_THAT(statement.status().message(), HasSubstr("without the claim name"));
  }
}

}  // namespace
}  // namespace pgsluice
