// The files in examples/ say what they promise, without any variable or --set.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/config/cluster_options.h"
#include "server/config/connection_string.h"
#include "server/config/load_config.h"

namespace pgsluice {
namespace {

using ::testing::ElementsAre;

absl::StatusOr<LoadedConfig> LoadExample(const std::string& name,
                                         const Environment& environment = {}) {
  ConfigSources sources;
  sources.file = std::string(PGSLUICE_SOURCE_DIR) + "/examples/" + name;
  sources.environment = environment;
  return LoadConfig(sources);
}

std::vector<std::string> Names(const ClusterOptions& options) {
  std::vector<std::string> names;
  for (const Endpoint& endpoint : options.endpoints) names.push_back(endpoint.name);
  return names;
}

TEST(SmallExample, Loads) {
  const auto loaded = LoadExample("pgsluice.yaml");

  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->config.endpoints_size(), 2);
}

class HarcaExample : public ::testing::Test {
 protected:
  void SetUp() override {
    auto loaded = LoadExample("harca.yaml");
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    loaded_ = *std::move(loaded);
    options_ = ToClusterOptions(loaded_.config).value();
  }

  LoadedConfig loaded_;
  ClusterOptions options_;
};

TEST_F(HarcaExample, TriesToConnectThreeTimesASecondApart) {
  for (const PoolOptions* pool : {&options_.pools.primary, &options_.pools.replica}) {
    EXPECT_EQ(pool->connect_retry_limit, 3u);
    EXPECT_EQ(pool->connect_retry_delay, absl::Seconds(1));
  }
}

TEST_F(HarcaExample, NamesTwoServersWithPort3730AndAVerifiedCertificate) {
  EXPECT_THAT(Names(options_), ElementsAre("harca-db1", "harca-db2"));
  for (const Endpoint& endpoint : options_.endpoints) {
    const ConnectionString conninfo = ConnectionString::Parse(endpoint.conninfo).value();
    EXPECT_EQ(conninfo.Get("host"), endpoint.name);
    EXPECT_EQ(conninfo.Get("port"), "3730");
    EXPECT_EQ(conninfo.Get("dbname"), "harca");
    EXPECT_EQ(conninfo.Get("user"), "harca");
    EXPECT_EQ(conninfo.Get("sslmode"), "verify-full");
    EXPECT_EQ(conninfo.Get("sslrootcert"), "/etc/pgsluice/harca-ca.crt");
    EXPECT_FALSE(conninfo.has_password());
  }
}

TEST_F(HarcaExample, SizesItsPoolsByTheProductionProfile) {
  EXPECT_EQ(loaded_.origins.at("pools.replica.max_size"), "profile production");
  for (const PoolOptions* pool : {&options_.pools.primary, &options_.pools.replica}) {
    EXPECT_EQ(pool->min_size, 10u);
    EXPECT_EQ(pool->max_size, 50u);
    EXPECT_EQ(pool->idle_timeout, absl::Seconds(60));
    EXPECT_EQ(pool->connect_timeout, absl::Seconds(10));
    EXPECT_EQ(pool->max_uses, 10000u);
  }
}

TEST_F(HarcaExample, PreparesSessionsForHarca) {
  EXPECT_EQ(options_.session.application_name, "harca");
  EXPECT_EQ(options_.session.search_path, "mid_term, long_term, vector, public");
  EXPECT_EQ(options_.session.default_isolation, "read committed");
  EXPECT_EQ(options_.session.client_encoding, "UTF8");
  EXPECT_EQ(options_.session.time_zone, "UTC");
  EXPECT_EQ(options_.session.statement_timeout, absl::Seconds(30));
  EXPECT_EQ(options_.session.keepalive_idle, absl::Seconds(30));
  EXPECT_EQ(loaded_.config.log().slow_query_threshold().nanos(), 500000000);
}

TEST_F(HarcaExample, AlertsAtHarcasThresholds) {
  const config::v1::Monitor& monitor = loaded_.config.monitor();
  EXPECT_EQ(monitor.interval().seconds(), 60);
  EXPECT_EQ(monitor.history(), 100U);
  EXPECT_EQ(monitor.alerts().max_waiters(), 5U);
  EXPECT_EQ(monitor.alerts().min_idle(), 1U);
  EXPECT_EQ(monitor.alerts().max_response_time().nanos(), 500000000);
  for (const char* path :
       {"monitor.alerts.max_waiters", "monitor.alerts.min_idle",
        "monitor.alerts.max_response_time", "log.slow_query_threshold"}) {
    EXPECT_NE(loaded_.origins.find(path), loaded_.origins.end()) << path;
  }
}

TEST(HarcaExampleElsewhere, TakesHostsAndPortsFromVariables) {
  const auto loaded = LoadExample("harca.yaml", {{"HARCA_HOST", "a.example"},
                                                 {"HARCA_PORT", "5432"},
                                                 {"HARCA_REPLICA_HOST", "b.example"}});
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const ClusterOptions options = ToClusterOptions(loaded->config).value();

  const auto primary = ConnectionString::Parse(options.endpoints[0].conninfo).value();
  const auto replica = ConnectionString::Parse(options.endpoints[1].conninfo).value();
  EXPECT_EQ(primary.HostAndPort(), "a.example:5432");
  EXPECT_EQ(replica.HostAndPort(), "b.example:3730");
}

// What its first lines tell developers to do.
TEST(HarcaExampleOfADeveloper, TakesOneServerGivenTwiceAsOne) {
  const auto loaded = LoadExample("harca.yaml", {{"PGSLUICE_PROFILE", "development"},
                                                 {"HARCA_SSLMODE", "disable"},
                                                 {"HARCA_HOST", "localhost"},
                                                 {"HARCA_REPLICA_HOST", "localhost"}});
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const ClusterOptions options = ToClusterOptions(loaded->config).value();

  EXPECT_THAT(Names(options), ElementsAre("harca-db1"));
  EXPECT_EQ(options.pools.primary.max_size, 10u);
  EXPECT_EQ(options.pools.primary.max_uses, 7500u);
}

}  // namespace
}  // namespace pgsluice
