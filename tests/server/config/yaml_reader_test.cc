#include "server/config/yaml_reader.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

ConfigDraft Read(const std::string& text) {
  ConfigDraft draft;
  ReadYaml(text, "f.yaml", {{"DB_HOST", "db1"}}, draft);
  return draft;
}

TEST(YamlReader, PutsVariablesIntoValues) {
  const ConfigDraft draft =
      Read("endpoints:\n  - conninfo: host=${DB_HOST} port=${DB_PORT:-3730}\n");

  EXPECT_EQ(draft.errors.count(), 0U);
  EXPECT_EQ(draft.loaded.config.endpoints(0).conninfo(), "host=db1 port=3730");
}

struct Case {
  const char* yaml;
  const char* error;
};

TEST(YamlReader, SaysWhereAndWhatIsWrong) {
  const Case cases[] = {
      {"pools:\n  primary:\n    max_sise: 3\n",
       "f.yaml:3:5: unknown field \"max_sise\" (did you mean \"max_size\"?)"},
      {"max_rows: 3\n",
       "f.yaml:1:1: unknown field \"max_rows\" (did you mean "
       "\"limits.max_rows\"?)"},
      {"zebra: 1\n", "f.yaml:1:1: unknown field \"zebra\""},
      {"probe:\n  interval: 5\n",
       "f.yaml:2:13: probe.interval: \"5\" has no unit: write 5s or 5ms"},
      {"pools:\n  primary:\n    max_size: many\n",
       "f.yaml:3:15: pools.primary.max_size: \"many\" is not a whole number"},
      {"log:\n  level: INFO\n  format: text\n  level: WARN\n",
       "f.yaml:4:3: \"level\" is given twice, first in line 2"},
      {"log: {level: info, level: warn}\n",
       "f.yaml:1:20: \"level\" is given twice, first in line 1"},
      {"log: loud\n",
       "f.yaml:1:6: log: expected a mapping of level, format, "
       "slow_query_threshold, slow_query_rules, max_lines_per_second, max_lines_burst, "
       "max_slow_queries_per_second, found a single value"},
      {"log: [level]\n",
       "f.yaml:1:6: log: expected a mapping of level, format, "
       "slow_query_threshold, slow_query_rules, max_lines_per_second, max_lines_burst, "
       "max_slow_queries_per_second, found a list"},
      {"log:\n  level: [info]\n",
       "f.yaml:2:10: log.level: expected a single value, found a list"},
      {"log:\n  level: {a: b}\n",
       "f.yaml:2:10: log.level: expected a single value, found a mapping"},
      {"log:\n  level: ${LOG_LEVEL}\n",
       "f.yaml:2:10: log.level: the variable LOG_LEVEL is not set; set it, or write "
       "${LOG_LEVEL:-default}"},
      {"endpoints: db1\n",
       "f.yaml:1:12: endpoints: expected a list, found a single value"},
      {"endpoints: []\n",
       "f.yaml:1:12: endpoints: is empty; list at least one, or leave it out"},
      {"endpoints:\n  - postgres://u:secret@h/db\n",
       "f.yaml:2:5: endpoints[0]: expected a mapping of name, conninfo, conninfo_file, "
       "password_file, weight, zone, found a single value"},
      {"endpoints:\n  - conninfo: host=a\n    role: primary\n",
       "f.yaml:3:5: unknown field \"role\""},
      {"endpoints:\n  - conninfo: secret\n",
       "f.yaml:2:15: endpoints[0].conninfo: not a valid connection string: a word has no "
       "\"=\" after it"},
      {"[1]: 2\n", "f.yaml:1:1: expected the name of a setting"},
      {"- log\n",
       "f.yaml:1:1: expected a mapping of profile, endpoints, pools, session, probe, "
       "routing, server, limits, log, errors, readiness, shutdown, statements, monitor, "
       "idempotency, authentication, callers, named_statements, audit, tracing, "
       "logins, found a list"},
      {"log: {}\n---\nlog: {}\n", "f.yaml:2:1: a second document; only one is read"},
      {"\"postgres://u:secret@h/db\": 1\n", "f.yaml:1:1: unknown field"},
  };
  for (const Case& c : cases) {
    EXPECT_THAT(Read(c.yaml).errors.lines(), ElementsAre(c.error)) << c.yaml;
  }
}

TEST(YamlReader, RefusesASettingWithoutAValue) {
  const ConfigDraft draft = Read("log:\n  level:\n");

  ASSERT_EQ(draft.errors.count(), 1u);
  EXPECT_THAT(draft.errors.lines()[0],
              HasSubstr("log.level: has no value; leave the line out for the default"));
}

TEST(YamlReader, ReportsEveryError) {
  const ConfigDraft draft = Read(
      "log:\n  level: loud\nprobe:\n  interval: 5\nzebra: 1\npools:\n  replica:\n    "
      "max_size: 0\n");

  EXPECT_EQ(draft.errors.count(), 4u);
  EXPECT_EQ(draft.failed.count("log.level"), 1u);
}

TEST(YamlReader, BrokenYamlIsAnErrorWithItsPlace) {
  for (const char* text :
       {"log: {level: info", "log:\n\t- x", "a: b: c", "log: *secret", "log: \"open",
        "log: !<", "%YAML 9.9.9\n---\n", "? ? ?", "}{"}) {
    const ConfigDraft draft = Read(text);
    ASSERT_GE(draft.errors.count(), 1u) << text;
    EXPECT_THAT(draft.errors.lines()[0], HasSubstr("f.yaml:")) << text;
    EXPECT_THAT(draft.errors.lines()[0], Not(HasSubstr("secret"))) << text;
  }
}

// yaml-cpp makes documents without end of those that begin with a comma.
TEST(YamlReader, RefusesASecondDocument) {
  for (const char* text : {"log: {level: info}\n---\nlog: {level: info}\n", ", x", ",",
                           ",@ \xfb}\n", ", {", "---\n---\n"}) {
    EXPECT_THAT(Read(text).errors.lines(),
                Contains(HasSubstr("a second document; only one is read")))
        << text;
  }
  EXPECT_THAT(Read("---\nlog: {level: info}\n...\n").errors.lines(), IsEmpty());
}

TEST(YamlReader, RefusesControlCharacters) {
  for (const char character : {'\0', '\x01', '\b', '\x1b', '\x7f'}) {
    const std::string text = "log:\n  level: " + std::string(1, character) + "\n";
    EXPECT_THAT(Read(text).errors.lines(),
                ElementsAre(HasSubstr("f.yaml:2:10: a control character (0x")))
        << text;
  }
  EXPECT_THAT(Read("log:\r\n  level: info\t\r\n").errors.lines(), IsEmpty());
}

TEST(YamlReader, TakesWhatIsRight) {
  const ConfigDraft draft = Read(R"(
pools:
  primary: {max_size: "20", idle_timeout: 90s}
  replica:
log: {level: debug}
endpoints:
  - name: db1
    conninfo: host=db1
  - conninfo: postgres://db2/app
)");

  EXPECT_THAT(draft.errors.lines(), IsEmpty());
  const config::v1::Config& config = draft.loaded.config;
  EXPECT_EQ(config.pools().primary().max_size(), 20u);
  EXPECT_EQ(config.pools().primary().idle_timeout().seconds(), 90);
  EXPECT_FALSE(config.pools().replica().has_max_size());
  EXPECT_EQ(config.log().level(), config::v1::LOG_LEVEL_DEBUG);
  ASSERT_EQ(config.endpoints_size(), 2);
  EXPECT_EQ(config.endpoints(1).conninfo(), "postgres://db2/app");
  EXPECT_EQ(draft.loaded.origins.at("pools.primary.max_size"), "f.yaml:3:23");
}

TEST(YamlReader, AnEmptyFileIsNoError) {
  for (const char* text : {"", "# nothing\n", "---\n", "{}"}) {
    EXPECT_THAT(Read(text).errors.lines(), IsEmpty()) << text;
  }
}

TEST(YamlReader, AMissingFileIsAnError) {
  ConfigDraft draft;
  ReadYamlFile("/nonexistent/pgsluice.yaml", {}, draft);

  EXPECT_THAT(draft.errors.lines(),
              ElementsAre("/nonexistent/pgsluice.yaml: cannot be read: No such file or "
                          "directory"));
}

}  // namespace
}  // namespace pgsluice
