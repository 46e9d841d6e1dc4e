#include "server/config/setting_path.h"

#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;

TEST(SettingPath, EveryPathAndVariableReadsBackAsItself) {
  for (const SettingPath& path : AllSettings()) {
    const std::string text = PathText(path);
    const auto by_text = ParsePath(text);
    ASSERT_TRUE(by_text.ok()) << text << ": " << by_text.status();
    EXPECT_EQ(PathText(*by_text), text);

    const auto by_variable = PathOfVariable(VariableName(path));
    ASSERT_TRUE(by_variable.has_value()) << VariableName(path);
    EXPECT_EQ(PathText(*by_variable), text);
  }
}

TEST(SettingPath, NamesElementsOfLists) {
  EXPECT_EQ(PathText(*PathOfVariable("PGSLUICE_ENDPOINTS_12_PASSWORD_FILE")),
            "endpoints[12].password_file");
  EXPECT_EQ(PathText(*ParsePath("endpoints[3].name")), "endpoints[3].name");
}

TEST(SettingPath, KnowsNoVariableForGroups) {
  for (const char* name : {"PGSLUICE_", "PGSLUICE_POOLS", "PGSLUICE_POOLS_PRIMARY",
                           "PGSLUICE_ENDPOINTS_NAME", "PGSLUICE_ENDPOINTS_0",
                           "PGSLUICE_LOG_LEVEL_", "PGSLUICE_LOG_LEVELX", "LOG_LEVEL"}) {
    EXPECT_FALSE(PathOfVariable(name).has_value()) << name;
  }
}

TEST(SettingPath, SaysWhatIsWrongWithAPath) {
  const std::map<std::string, std::string> cases = {
      {"pools.primary.max_sise",
       "unknown field \"max_sise\" (did you mean \"max_size\"?)"},
      {"max_rows", "unknown field \"max_rows\" (did you mean \"limits.max_rows\"?)"},
      {"pools.primary",
       "pools.primary is a group: name one setting in it, such as "
       "pools.primary.min_size"},
      {"log.level.x", "log.level is a single setting and has no parts"},
      {"endpoints.name", "endpoints is a list: write endpoints[0]"},
      {"log[0].level", "log is not a list"},
      {"endpoints[x].name", "an element is written as in endpoints[0]"},
      {"endpoints[0.name", "an element is written as in endpoints[0]"},
      {"endpoints[1000000].name", "an element is written as in endpoints[0]"},
      {"", "unknown field"},
      {"postgres://u:secret@h/db", "unknown field"},
  };
  for (const auto& [path, message] : cases) {
    const auto parsed = ParsePath(path);
    ASSERT_FALSE(parsed.ok()) << path;
    EXPECT_EQ(parsed.status().message(), message) << path;
  }
}

TEST(SettingPath, EverySettingHasHelpAndADefault) {
  for (const SettingPath& path : AllSettings()) {
    for (const PathStep& step : path) {
      EXPECT_THAT(FactsOf(*step.field).help(), HasSubstr(".")) << PathText(path);
    }
    EXPECT_TRUE(FactsOf(*path.back().field).has_default_value()) << PathText(path);
  }
}

}  // namespace
}  // namespace pgsluice
