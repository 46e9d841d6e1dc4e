#include "server/config/config_reference.h"

#include <fstream>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/config/setting_path.h"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;

TEST(ConfigReference, NamesEverySetting) {
  const std::string reference = ConfigReference();
  for (const SettingPath& path : AllSettings()) {
    EXPECT_THAT(reference, HasSubstr("| `" + path.back().field->name() + "` |"));
  }
}

TEST(ConfigReference, ShowsTheProfilesSideBySide) {
  EXPECT_THAT(ConfigReference(),
              HasSubstr("| setting | none | development | test | production |\n"
                        "|---|---|---|---|---|\n"
                        "| `pools.primary.min_size`, `pools.replica.min_size` | `2` | "
                        "`2` | `5` | `10` |\n"));
}

TEST(ConfigReference, TheDocumentIsCurrent) {
  std::ifstream file(std::string(PGSLUICE_SOURCE_DIR) + "/docs/configuration.md");
  std::stringstream content;
  content << file.rdbuf();

  EXPECT_TRUE(content.str() == ConfigReference())
      << "docs/configuration.md is out of date: write the output of `pgsluiced "
         "--config-reference` to it";
}

}  // namespace
}  // namespace pgsluice
