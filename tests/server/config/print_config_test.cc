#include "server/config/print_config.h"

#include <fstream>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/config/setting_storage.h"
#include "temp_file.h"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string DebugText(const LoadedConfig& loaded) { return loaded.config.DebugString(); }

LoadedConfig LoadText(const std::string& yaml) {
  const TempFile file(yaml);
  ConfigSources sources;
  sources.file = file.path();
  auto loaded = LoadConfig(sources);
  EXPECT_TRUE(loaded.ok()) << loaded.status() << "\n" << yaml;
  return *std::move(loaded);
}

TEST(ExampleConfig, LoadsAsTheDefaults) {
  EXPECT_EQ(DebugText(LoadText(ExampleConfig())), DebugText(LoadConfig({}).value()));
}

TEST(ExampleConfig, LinesAreShort) {
  std::istringstream lines(ExampleConfig());
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 90u) << line;
}

TEST(ExampleConfig, ShowsEndpointsWithoutListingAny) {
  EXPECT_THAT(ExampleConfig(), HasSubstr("# endpoints:\n"));
  EXPECT_THAT(ExampleConfig(), HasSubstr("#     conninfo: \"\"\n"));
}

TEST(ExampleConfig, ShowsAListInAGroupWhereItBelongs) {
  EXPECT_THAT(ExampleConfig(), HasSubstr("\n  # slow_query_rules:\n"));
  EXPECT_THAT(ExampleConfig(), HasSubstr("\n  #     tag: \"\"\n"));
}

TEST(DumpConfig, LoadsAsWhatWasDumped) {
  ConfigSources sources;
  sources.sets = {"pools.primary.max_size=20",       "limits.max_sql_bytes=2MiB",
                  "session.search_path=\"a\\b\", c", "endpoints[0].name=x",
                  "endpoints[0].conninfo=host=x",    "endpoints[1].conninfo=host=y"};
  const LoadedConfig loaded = LoadConfig(sources).value();

  EXPECT_EQ(DebugText(LoadText(DumpConfig(loaded))), DebugText(loaded));
}

TEST(DumpConfig, AListInAGroupLoadsAsWhatWasDumped) {
  const LoadedConfig loaded = LoadText(
      "log:\n"
      "  slow_query_rules:\n"
      "    - { tag: report, threshold: 30s }\n"
      "    - { pool: REPLICA }\n");
  const std::string dump = DumpConfig(loaded);

  EXPECT_THAT(dump, HasSubstr("\n  slow_query_rules:\n    - pool: ANY  # default\n"));
  EXPECT_EQ(DebugText(LoadText(dump)), DebugText(loaded));
  EXPECT_THAT(DumpConfig(LoadConfig({}).value()), Not(HasSubstr("slow_query_rules")));
}

TEST(DumpConfig, WritesTheGroupsOfAListsElements) {
  const LoadedConfig loaded = LoadText(
      "logins:\n"
      "  - {name: reports, user: app_reports, primary: {max_size: 3}}\n"
      "  - {name: audit, user: app_audit}\n");
  const std::string dump = DumpConfig(loaded);

  EXPECT_THAT(dump, HasSubstr("\n    primary:\n      min_size: 0  # default\n"));
  EXPECT_EQ(DebugText(LoadText(dump)), DebugText(loaded));
  EXPECT_THAT(ExampleConfig(), HasSubstr("#     replica:\n#       min_size: 0\n"));
}

TEST(DumpConfig, SaysWhereEveryValueComesFrom) {
  const TempFile file("limits:\n  max_rows: 7\n");
  ConfigSources sources;
  sources.file = file.path();
  sources.environment["PGSLUICE_LOG_LEVEL"] = "debug";
  sources.sets = {"pools.primary.max_size=20"};
  const std::string dump = DumpConfig(LoadConfig(sources).value());

  EXPECT_THAT(dump, HasSubstr("    max_size: 20  # --set\n"));
  EXPECT_THAT(dump, HasSubstr("  level: DEBUG  # PGSLUICE_LOG_LEVEL\n"));
  EXPECT_THAT(dump, HasSubstr("  max_rows: 7  # " + file.path() + ":2:13\n"));
  EXPECT_THAT(dump, HasSubstr("  format: AUTO  # default\n"));
  EXPECT_THAT(dump, HasSubstr("endpoints:\n  - name: \"\"  # default\n"
                              "    conninfo: \"\"  # libpq's environment\n"));
}

TEST(DumpConfig, HoldsNoPassword) {
  const Environment environments[] = {
      {{"DATABASE_URL", "postgres://u:hun%74er2@h/db"}},
      {{"DATABASE_URL", "postgres://u@h/db?password=hunter2&sslpassword=hunter2"}},
      {{"DATABASE_URL", "host=h password='hunter2 \\'hunter2'"}},
      {{"POSTGRES_HOST", "h"}, {"POSTGRES_PASSWORD", "hunter2"}},
      {{"PGPASSWORD", "hunter2"}, {"PGHOST", "h"}},
      {{"PGSLUICE_ENDPOINTS_0_CONNINFO", "postgres://u:hunter2@h/db"}},
  };
  for (const Environment& environment : environments) {
    ConfigSources sources;
    sources.environment = environment;
    const auto loaded = LoadConfig(sources);
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    const std::string dump = DumpConfig(*loaded);
    EXPECT_THAT(dump, Not(HasSubstr("hun"))) << dump;
    EXPECT_THAT(dump, HasSubstr("host=h"));
  }
}

}  // namespace
}  // namespace pgsluice
