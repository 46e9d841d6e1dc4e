#include "server/config/load_config.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "temp_file.h"

namespace pgsluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(LoadConfig, EachSourceOverridesThoseBefore) {
  const TempFile file("pools: {primary: {max_size: 20, min_size: 3, max_uses: 5}}\n");
  ConfigSources sources;
  EXPECT_EQ(LoadConfig(sources)->config.pools().primary().max_size(), 10u);

  sources.file = file.path();
  EXPECT_EQ(LoadConfig(sources)->config.pools().primary().max_size(), 20u);

  sources.environment["POSTGRES_POOL_MAX"] = "25";
  EXPECT_EQ(LoadConfig(sources)->config.pools().primary().max_size(), 25u);

  sources.environment["PGSLUICE_POOLS_PRIMARY_MAX_SIZE"] = "30";
  EXPECT_EQ(LoadConfig(sources)->config.pools().primary().max_size(), 30u);

  sources.sets = {"pools.primary.max_size=40", "pools.primary.max_size=50"};
  const auto loaded = LoadConfig(sources);
  EXPECT_EQ(loaded->config.pools().primary().max_size(), 50u);
  EXPECT_EQ(loaded->config.pools().primary().max_uses(), 5u);
  EXPECT_EQ(loaded->origins.at("pools.primary.max_size"), "--set");
  EXPECT_EQ(loaded->origins.at("pools.primary.max_uses"), file.path() + ":1:56");
  EXPECT_EQ(loaded->origins.count("pools.primary.idle_timeout"), 0u);
}

TEST(LoadConfig, TheFlagOverridesTheVariableThatNamesTheFile) {
  const TempFile by_variable("limits: {max_rows: 1}\n");
  const TempFile by_flag("limits: {max_rows: 2}\n");
  ConfigSources sources;
  sources.environment["PGSLUICE_CONFIG"] = by_variable.path();
  EXPECT_EQ(LoadConfig(sources)->config.limits().max_rows(), 1u);

  sources.file = by_flag.path();
  EXPECT_EQ(LoadConfig(sources)->config.limits().max_rows(), 2u);
}

TEST(LoadConfig, SetsElementsOfLists) {
  ConfigSources sources;
  sources.environment["DATABASE_URL"] = "postgres://ignored/app";
  sources.sets = {"endpoints[0].conninfo=host=a", "endpoints[1].conninfo=host=b"};

  const auto loaded = LoadConfig(sources);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  ASSERT_EQ(loaded->config.endpoints_size(), 2);
  EXPECT_EQ(loaded->config.endpoints(1).conninfo(), "host=b");
  EXPECT_THAT(loaded->notes, ElementsAre(HasSubstr("DATABASE_URL is not used")));
}

TEST(LoadConfig, ALowMaximumLowersTheDefaultMinimum) {
  ConfigSources sources;
  sources.sets = {"pools.primary.max_size=1"};

  const auto loaded = LoadConfig(sources);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->config.pools().primary().min_size(), 1u);
  EXPECT_EQ(loaded->config.pools().replica().min_size(), 2u);
}

TEST(LoadConfig, ReportsErrorsOfAllSourcesAtOnce) {
  const TempFile file("log: {level: loud}\nzebra: 1\n");
  ConfigSources sources;
  sources.file = file.path();
  sources.environment["PGSLUICE_ZEBRA"] = "1";
  sources.sets = {"zebra=1", "probe.interval=5", "novalue"};

  const auto loaded = LoadConfig(sources);
  EXPECT_EQ(
      loaded.status().message(),
      file.path() +
          ":1:14: log.level: \"loud\" is none of TRACE, DEBUG, INFO, WARN, ERROR\n" +
          file.path() +
          ":2:1: unknown field \"zebra\"\n"
          "PGSLUICE_ZEBRA: unknown variable\n"
          "--set zebra: unknown field \"zebra\"\n"
          "--set: probe.interval: \"5\" has no unit: write 5s or 5ms\n"
          "--set: expected path=value, as in pools.primary.max_size=20");
}

struct RuleCase {
  std::vector<std::string> sets;
  const char* error;
};

TEST(LoadConfig, ChecksRulesBetweenSettings) {
  const RuleCase cases[] = {
      {{"pools.primary.min_size=20"},
       "--set: pools.primary.min_size (20) is above pools.primary.max_size (10)"},
      {{"pools.replica.backoff_initial=1m"},
       "--set: pools.replica.backoff_initial (1m) is above pools.replica.backoff_max "
       "(10s)"},
      {{"probe.interval=3s"}, "--set: probe.interval (3s) is above probe.timeout (2s)"},
      {{"limits.max_deadline=1s"},
       "--set: limits.default_deadline (30s) is above limits.max_deadline (1s)"},
      {{"limits.max_sql_bytes=8MiB"},
       "--set: limits.max_sql_bytes (8MiB) is above server.max_request_bytes (4MiB)"},
      {{"limits.max_calls=10"},
       "--set: limits.max_transactions (1000) is above limits.max_calls (10)"},
      {{"session.idle_in_transaction_timeout=10s"},
       "--set: session.idle_in_transaction_timeout has to be above "
       "limits.transaction_idle_timeout, or 0"},
      {{"session.keepalive_idle=1500ms"},
       "--set: session.keepalive_idle: has to be whole seconds"},
      {{"server.listen_address=0.0.0.0:7433", "server.plaintext=ALLOWED"},
       "--set: server.admin_listen_address: is the same as server.listen_address"},
      {{"server.metrics_listen_address=127.0.0.1:7432"},
       "--set: server.metrics_listen_address: is the same as server.listen_address"},
      {{"server.metrics_listen_address=0.0.0.0:7433"},
       "--set: server.metrics_listen_address: is the same as "
       "server.admin_listen_address"},
      {{"server.listen_address="}, "--set: server.listen_address: may not be empty"},
      {{"endpoints[0].name=a", "endpoints[1].name=a"},
       "--set: endpoints[1].name: is the name of endpoints[0] too"},
      {{"endpoints[0].name=postgres://u:secret@h"},
       "--set: endpoints[0].name: may hold letters, digits and ._:-#[]/ only, at most "
       "128 of "
       "them"},
      {{"endpoints[0].conninfo=host=a", "endpoints[0].conninfo_file=f"},
       "--set: endpoints[0]: has both conninfo and conninfo_file"},
      {{"endpoints[0].conninfo=password=secret", "endpoints[0].password_file=f"},
       "--set: endpoints[0]: has both password_file and a password in conninfo"},
      {{"endpoints[0].conninfo=host=a,b", "endpoints[0].name=x"},
       "--set: endpoints[0].name: one name for several hosts; list them as several "
       "endpoints"},
      {{"endpoints[1].name=x"},
       "--set: endpoints[1].name: leaves a gap in the list; number its elements from 0 "
       "without holes"},
  };
  for (const RuleCase& c : cases) {
    ConfigSources sources;
    sources.sets = c.sets;
    EXPECT_EQ(LoadConfig(sources).status().message(), c.error) << c.sets.back();
  }
}

TEST(LoadConfig, RulesAreNotAppliedToRefusedValues) {
  ConfigSources sources;
  sources.sets = {"pools.primary.min_size=20", "pools.primary.max_size=many"};

  EXPECT_EQ(LoadConfig(sources).status().message(),
            "--set: pools.primary.max_size: \"many\" is not a whole number");
}

TEST(LoadConfig, AllowsTheAdminPortToBeLeftOutAndFreePorts) {
  ConfigSources sources;
  sources.sets = {"server.admin_listen_address="};
  EXPECT_TRUE(LoadConfig(sources).ok());

  sources.sets = {"server.listen_address=127.0.0.1:0",
                  "server.admin_listen_address=127.0.0.1:0",
                  "server.metrics_listen_address=127.0.0.1:0"};
  EXPECT_TRUE(LoadConfig(sources).ok());

  sources.sets = {"server.metrics_listen_address="};
  EXPECT_TRUE(LoadConfig(sources).ok());
}

TEST(LoadConfig, WarnsOfPasswordsInArguments) {
  ConfigSources sources;
  sources.sets = {"endpoints[0].conninfo=host=a password=secret"};

  const auto loaded = LoadConfig(sources);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_THAT(loaded->notes, ElementsAre(HasSubstr("has a password in --set")));
  EXPECT_THAT(loaded->notes[0], Not(HasSubstr("secret")));
}

TEST(LoadConfig, ErrorsHoldNoSecretsWhereverTheyStand) {
  const std::string uri = "postgres://u:hun%74er2@h/db?hunter2=hunter2";
  const TempFile file("endpoints:\n  - conninfo: " + uri + "\n  - " + uri + "\n" + uri +
                      ": 1\nlog: {level: \"" + uri + "\"}\nserver: {listen_address: \"" +
                      uri + "\"}\n");
  ConfigSources sources;
  sources.file = file.path();
  sources.environment = {{"PGSLUICE_ENDPOINTS_2_CONNINFO", uri}, {"PGSLUICE_X", uri}};
  sources.sets = {uri, "endpoints[0].conninfo=" + uri, "endpoints[0].name=" + uri,
                  "log.level=" + uri};

  const auto loaded = LoadConfig(sources);
  ASSERT_FALSE(loaded.ok());
  EXPECT_THAT(std::string(loaded.status().message()), Not(HasSubstr("hun")));

  ConfigSources by_url;
  by_url.environment["DATABASE_URL"] = uri;
  EXPECT_THAT(std::string(LoadConfig(by_url).status().message()), Not(HasSubstr("hun")));
}

}  // namespace
}  // namespace pgsluice
