#include "server/config/config_diff.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/config/cluster_options.h"
#include "server/config/load_config.h"
#include "server/config/setting_path.h"

namespace pgsluice {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

config::v1::Config Loaded(const std::vector<std::string>& sets) {
  ConfigSources sources;
  sources.sets = sets;
  return LoadConfig(sources).value().config;
}

std::vector<SettingChange> Diff(const std::vector<std::string>& before,
                                const std::vector<std::string>& after) {
  return DiffConfigs(Loaded(before), Loaded(after));
}

std::vector<Endpoint> Endpoints(const std::vector<std::string>& conninfos) {
  std::vector<std::string> sets;
  for (size_t i = 0; i < conninfos.size(); ++i) {
    sets.push_back("endpoints[" + std::to_string(i) + "].conninfo=" + conninfos[i]);
  }
  return ToClusterOptions(Loaded(sets)).value().endpoints;
}

TEST(ConfigDiff, OfEqualConfigurationsIsEmpty) {
  EXPECT_THAT(Diff({"pools.primary.max_size=20"}, {"pools.primary.max_size=20"}),
              IsEmpty());
}

TEST(ConfigDiff, NamesEachSettingWithBothValuesAndWhenItTakesEffect) {
  const std::vector<SettingChange> changes =
      Diff({}, {"pools.primary.max_size=20", "limits.max_deadline=90s",
                "server.listen_address=127.0.0.1:1"});

  EXPECT_THAT(changes,
              ElementsAre(SettingChange{"pools.primary.max_size", "10", "20", true},
                          SettingChange{"server.listen_address", "127.0.0.1:7432",
                                        "127.0.0.1:1", false},
                          SettingChange{"limits.max_deadline", "10m", "1m30s", true}))
      << ChangesText(changes);
  EXPECT_EQ(ChangesText({changes[0], changes[2]}),
            "pools.primary.max_size: 10 -> 20; limits.max_deadline: 10m -> 1m30s");
}

TEST(ConfigDiff, TellsOfElementsThatComeAndGo) {
  const std::vector<std::string> one = {"log.slow_query_rules[0].tag=report"};
  const std::vector<SettingChange> come = Diff({}, one);
  const std::vector<SettingChange> gone = Diff(one, {});

  EXPECT_THAT(
      come,
      ElementsAre(
          SettingChange{"log.slow_query_rules[0].pool", "absent", "ANY", true},
          SettingChange{"log.slow_query_rules[0].tag", "absent", "report", true},
          SettingChange{"log.slow_query_rules[0].threshold", "absent", "500ms", true}));
  ASSERT_EQ(gone.size(), 3u);
  EXPECT_EQ(gone[1].before, "report");
  EXPECT_EQ(gone[1].after, "absent");
}

TEST(ConfigDiff, TellsEndpointsApartByNameWhateverTheirOrder) {
  const std::vector<Endpoint> before = Endpoints({"host=a", "host=b"});

  EXPECT_THAT(DiffEndpoints(before, Endpoints({"host=b", "host=a"})), IsEmpty());
  const std::vector<SettingChange> changes =
      DiffEndpoints(before, Endpoints({"host=b user=me", "host=c"}));
  ASSERT_EQ(changes.size(), 3u) << ChangesText(changes);
  EXPECT_EQ(changes[0].path, "endpoints[a:5432]");
  EXPECT_EQ(changes[0].after, "absent");
  EXPECT_EQ(changes[1].path, "endpoints[b:5432]");
  EXPECT_EQ(changes[2].path, "endpoints[c:5432]");
  EXPECT_EQ(changes[2].before, "absent");
}

TEST(ConfigDiff, ShowsNoSecretsButThatTheyChanged) {
  const std::string text = ChangesText(DiffEndpoints(
      Endpoints({"host=a password=hunter1"}), Endpoints({"host=a password=hunter2"})));

  EXPECT_THAT(text, ::testing::HasSubstr("another secret"));
  EXPECT_THAT(text, ::testing::Not(::testing::HasSubstr("hunter")));
}

TEST(ConfigDiff, WhatTakesARestartStaysInEffect) {
  const config::v1::Config before = Loaded({"server.shards=1"});
  const config::v1::Config after =
      Loaded({"server.shards=2", "log.format=JSON", "log.level=DEBUG"});

  const config::v1::Config now = InEffect(before, after);

  EXPECT_EQ(now.server().shards(), 1u);
  EXPECT_EQ(now.log().format(), before.log().format());
  EXPECT_EQ(now.log().level(), config::v1::LOG_LEVEL_DEBUG);
  // Told of at every reload, until the restart.
  EXPECT_EQ(DiffConfigs(now, after).size(), 2u);
}

// It is the same endpoint all the same, and keeps its sessions.
TEST(ConfigDiff, TellsOfAnotherWeightOrZone) {
  const std::vector<Endpoint> before = Endpoints({"host=a"});
  std::vector<Endpoint> after = before;
  after[0].weight = 0;
  after[0].zone = "there";

  const std::vector<SettingChange> changes = DiffEndpoints(before, after);

  EXPECT_EQ(before, after);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_TRUE(changes[0].after.ends_with(" weight: 0 zone: there")) << changes[0].after;
}

TEST(ConfigDiff, EverySettingOfAListIsHot) {
  // InEffect counts on it.
  for (const SettingPath& path : AllSettings()) {
    for (const PathStep& step : path) {
      if (!step.index.has_value()) continue;
      EXPECT_TRUE(IsHot(*path.back().field)) << PathText(path);
    }
  }
}

}  // namespace
}  // namespace pgsluice
