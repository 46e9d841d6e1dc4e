#include "server/config/profile.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/config/cluster_options.h"
#include "server/config/load_config.h"
#include "server/config/print_config.h"
#include "temp_file.h"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

absl::StatusOr<LoadedConfig> LoadSets(const std::vector<std::string>& sets) {
  ConfigSources sources;
  sources.sets = sets;
  return LoadConfig(sources);
}

// The profile that each source names; empty: it names none.
struct Given {
  std::string file = "";
  std::string variable = "";
  std::string set = "";
};

LoadedConfig LoadProfile(const Given& given) {
  const TempFile file("profile: " + given.file + "\n");
  ConfigSources sources;
  if (!given.file.empty()) sources.file = file.path();
  sources.environment["PGSLUICE_PROFILE"] = given.variable;
  if (!given.set.empty()) sources.sets = {"profile=" + given.set};
  auto loaded = LoadConfig(sources);
  EXPECT_TRUE(loaded.ok()) << loaded.status();
  return *std::move(loaded);
}

struct Figures {
  const char* profile;
  uint32_t min_size;
  uint32_t max_size;
  absl::Duration idle_timeout;
  absl::Duration connect_timeout;
  uint64_t max_uses;
};

TEST(Profile, EachHasItsDefaultsForBothPools) {
  const Figures cases[] = {
      {"none", 2, 10, absl::Minutes(5), absl::Seconds(5), 10000},
      {"development", 2, 10, absl::Seconds(30), absl::Seconds(5), 7500},
      {"test", 5, 20, absl::Seconds(30), absl::Seconds(5), 7500},
      {"production", 10, 50, absl::Seconds(60), absl::Seconds(10), 10000},
  };
  for (const Figures& c : cases) {
    const ClusterOptions options =
        ToClusterOptions(LoadProfile({.set = c.profile}).config).value();
    for (const PoolOptions* pool : {&options.pools.primary, &options.pools.replica}) {
      EXPECT_EQ(pool->min_size, c.min_size) << c.profile;
      EXPECT_EQ(pool->max_size, c.max_size) << c.profile;
      EXPECT_EQ(pool->idle_timeout, c.idle_timeout) << c.profile;
      EXPECT_EQ(pool->connect_timeout, c.connect_timeout) << c.profile;
      EXPECT_EQ(pool->max_uses, c.max_uses) << c.profile;
    }
  }
}

TEST(Profile, NoneIsWhatHoldsWithoutAChoice) {
  LoadedConfig chosen = LoadProfile({.set = "none"});
  const LoadedConfig not_chosen = LoadSets({}).value();

  EXPECT_EQ(chosen.config.DebugString(), not_chosen.config.DebugString());
  EXPECT_EQ(not_chosen.config.profile(), config::v1::PROFILE_NONE);
  chosen.origins.erase("profile");
  EXPECT_EQ(chosen.origins, not_chosen.origins);
}

TEST(Profile, TouchesNothingButWhatItHasDefaultsFor) {
  const LoadedConfig loaded = LoadProfile({.set = "production"});
  std::map<std::string, std::string> origins = loaded.origins;
  origins.erase("endpoints[0].conninfo");

  EXPECT_THAT(origins, UnorderedElementsAre(
                           Pair("profile", "--set"),
                           Pair("pools.primary.min_size", "profile production"),
                           Pair("pools.primary.max_size", "profile production"),
                           Pair("pools.primary.connect_timeout", "profile production"),
                           Pair("pools.primary.idle_timeout", "profile production"),
                           Pair("pools.primary.max_uses", "profile production"),
                           Pair("pools.replica.min_size", "profile production"),
                           Pair("pools.replica.max_size", "profile production"),
                           Pair("pools.replica.connect_timeout", "profile production"),
                           Pair("pools.replica.idle_timeout", "profile production"),
                           Pair("pools.replica.max_uses", "profile production")));
}

struct ChoiceCase {
  Given given;
  uint32_t max_size;
};

TEST(Profile, IsChosenByTheLastSourceThatNamesOne) {
  const ChoiceCase cases[] = {
      {{.file = "test"}, 20},
      {{.variable = "test"}, 20},
      {{.set = "test"}, 20},
      {{.file = "Production"}, 50},
      {{.file = "production", .variable = "test"}, 20},
      {{.file = "production", .set = "development"}, 10},
      {{.variable = "production", .set = "test"}, 20},
      {{.file = "development", .variable = "test", .set = "production"}, 50},
      {{.file = "production", .set = "none"}, 10},
  };
  for (const ChoiceCase& c : cases) {
    EXPECT_EQ(LoadProfile(c.given).config.pools().primary().max_size(), c.max_size)
        << c.given.file << ", " << c.given.variable << ", " << c.given.set;
  }
}

// The profile is the last to be chosen here, and yet the first to give way.
TEST(Profile, GivesWayToEverySource) {
  const TempFile file("pools: {primary: {max_size: 21}}\n");
  ConfigSources sources;
  sources.sets = {"profile=production"};
  EXPECT_EQ(LoadConfig(sources)->config.pools().primary().max_size(), 50u);

  sources.file = file.path();
  EXPECT_EQ(LoadConfig(sources)->config.pools().primary().max_size(), 21u);

  sources.environment["POSTGRES_POOL_MAX"] = "22";
  EXPECT_EQ(LoadConfig(sources)->config.pools().primary().max_size(), 22u);

  sources.environment["PGSLUICE_POOLS_PRIMARY_MAX_SIZE"] = "23";
  EXPECT_EQ(LoadConfig(sources)->config.pools().primary().max_size(), 23u);

  sources.sets.emplace_back("pools.primary.max_size=24");
  EXPECT_EQ(LoadConfig(sources)->config.pools().primary().max_size(), 24u);
}

TEST(Profile, GivesWayToAValueThatIsTheBuiltInDefault) {
  const LoadedConfig loaded =
      LoadSets({"profile=production", "pools.primary.max_uses=10000",
                "pools.primary.idle_timeout=5m"})
          .value();

  EXPECT_EQ(loaded.config.pools().primary().idle_timeout().seconds(), 300);
  EXPECT_EQ(loaded.origins.at("pools.primary.max_uses"), "--set");
}

TEST(Profile, PoolsAreSizedApartWithAndWithoutOne) {
  for (const char* profile : {"none", "development", "test", "production"}) {
    const ClusterOptions options =
        ToClusterOptions(
            LoadSets({std::string("profile=") + profile, "pools.primary.min_size=5",
                      "pools.primary.max_size=20", "pools.replica.min_size=10",
                      "pools.replica.max_size=50"})
                ->config)
            .value();
    EXPECT_EQ(options.pools.primary.min_size, 5u) << profile;
    EXPECT_EQ(options.pools.primary.max_size, 20u) << profile;
    EXPECT_EQ(options.pools.replica.min_size, 10u) << profile;
    EXPECT_EQ(options.pools.replica.max_size, 50u) << profile;
  }
}

TEST(Profile, ALowMaximumLowersItsMinimum) {
  const LoadedConfig loaded =
      LoadSets({"profile=production", "pools.replica.max_size=4"}).value();

  EXPECT_EQ(loaded.config.pools().replica().min_size(), 4u);
  EXPECT_EQ(loaded.origins.at("pools.replica.min_size"), "lowered to max_size");
  EXPECT_EQ(loaded.config.pools().primary().min_size(), 10u);
}

TEST(Profile, AMinimumAboveItsMaximumIsRefused) {
  EXPECT_EQ(LoadSets({"profile=test", "pools.primary.min_size=21"}).status().message(),
            "--set: pools.primary.min_size (21) is above pools.primary.max_size (20)");
}

TEST(Profile, AnUnknownOneIsRefusedByNamingThoseThereAre) {
  const TempFile file("limits: {max_rows: 1}\nprofile: staging\n");
  ConfigSources by_file;
  by_file.file = file.path();
  ConfigSources by_variable;
  by_variable.environment["PGSLUICE_PROFILE"] = "prodution";

  EXPECT_EQ(LoadConfig(by_file).status().message(),
            file.path() +
                ":2:10: profile: \"staging\" is none of NONE, DEVELOPMENT, "
                "TEST, PRODUCTION");
  EXPECT_EQ(
      LoadConfig(by_variable).status().message(),
      "PGSLUICE_PROFILE: profile: \"prodution\" is none of NONE, DEVELOPMENT, TEST, "
      "PRODUCTION (did you mean \"PRODUCTION\"?)");
  EXPECT_EQ(LoadSets({"profile="}).status().message(),
            "--set: profile: the value is none of NONE, DEVELOPMENT, TEST, PRODUCTION");
}

TEST(Profile, AnUnknownOneCausesNoFurtherErrors) {
  EXPECT_EQ(LoadSets({"profile=live", "pools.primary.min_size=20"}).status().message(),
            "--set: profile: \"live\" is none of NONE, DEVELOPMENT, TEST, PRODUCTION");
}

TEST(Profile, TheDumpTellsItsValuesFromThoseOfOthers) {
  const TempFile file("profile: production\npools:\n  primary:\n    max_size: 20\n");
  ConfigSources sources;
  sources.file = file.path();
  sources.environment["PGSLUICE_POOLS_PRIMARY_MAX_USES"] = "5";
  sources.sets = {"pools.primary.connect_timeout=3s"};

  const std::string dump = DumpConfig(LoadConfig(sources).value());

  EXPECT_THAT(dump, HasSubstr("profile: PRODUCTION  # " + file.path() + ":1:10\n"));
  EXPECT_THAT(dump, HasSubstr("    min_size: 10  # profile production\n"
                              "    max_size: 20  # " +
                              file.path() +
                              ":4:15\n"
                              "    max_waiters: 1000  # default\n"
                              "    acquire_timeout: 5s  # default\n"
                              "    connect_timeout: 3s  # --set\n"
                              "    idle_timeout: 1m  # profile production\n"));
  EXPECT_THAT(dump, HasSubstr("    max_uses: 5  # PGSLUICE_POOLS_PRIMARY_MAX_USES\n"));
  EXPECT_THAT(dump, HasSubstr("    max_size: 50  # profile production\n"));
}

}  // namespace
}  // namespace pgsluice
