#include "server/config/environment_overlay.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pgsluice {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ConfigDraft Overlaid(const Environment& environment) {
  ConfigDraft draft;
  OverlayEnvironment(environment, draft);
  return draft;
}

TEST(EnvironmentOverlay, ReadsTheProcessEnvironmentOnce) {
  char plain[] = "A=1";
  char with_equals[] = "B=x=y";
  char odd[] = "no equals sign";
  char* envp[] = {plain, with_equals, odd, nullptr};

  EXPECT_EQ(ReadEnvironment(envp), (Environment{{"A", "1"}, {"B", "x=y"}}));
}

TEST(EnvironmentOverlay, SetsSettings) {
  const ConfigDraft draft = Overlaid(
      {{"PGSLUICE_POOLS_PRIMARY_MAX_SIZE", "20"}, {"PGSLUICE_LOG_FORMAT", "json"}});

  EXPECT_THAT(draft.errors.lines(), IsEmpty());
  EXPECT_EQ(draft.loaded.config.pools().primary().max_size(), 20u);
  EXPECT_EQ(draft.loaded.config.log().format(), config::v1::LOG_FORMAT_JSON);
  EXPECT_EQ(draft.loaded.origins.at("log.format"), "PGSLUICE_LOG_FORMAT");
}

TEST(EnvironmentOverlay, RefusesUnknownVariablesWithTheNearest) {
  const ConfigDraft draft = Overlaid({{"PGSLUICE_POOL_PRIMARY_MAX_SIZE", "20"},
                                      {"PGSLUICE_LOG_LEVEL", "loud"},
                                      {"PGSLUICE_ZEBRA", "secret"}});

  EXPECT_THAT(
      draft.errors.lines(),
      ElementsAre(
          "PGSLUICE_POOL_PRIMARY_MAX_SIZE: unknown variable (did you mean "
          "\"PGSLUICE_POOLS_PRIMARY_MAX_SIZE\"?)",
          "PGSLUICE_ZEBRA: unknown variable",
          "PGSLUICE_LOG_LEVEL: log.level: \"loud\" is none of TRACE, DEBUG, INFO, "
          "WARN, ERROR"));
}

TEST(EnvironmentOverlay, OfTwoOtherNamesTheLaterOneHolds) {
  const ConfigDraft draft =
      Overlaid({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://general"},
                {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces"},
                {"OTEL_EXPORTER_OTLP_HEADERS", "a=general"},
                {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", ""}});

  EXPECT_THAT(draft.errors.lines(), IsEmpty());
  EXPECT_EQ(draft.loaded.config.tracing().endpoint(), "http://traces");
  EXPECT_EQ(draft.loaded.config.tracing().headers(), "a=general");
}

TEST(EnvironmentOverlay, TakesMilliseconds) {
  const ConfigDraft draft = Overlaid(
      {{"OTEL_EXPORTER_OTLP_TIMEOUT", "1500"}, {"OTEL_BSP_SCHEDULE_DELAY", "5s"}});

  EXPECT_EQ(draft.loaded.config.tracing().timeout().seconds(), 1);
  EXPECT_EQ(draft.loaded.config.tracing().timeout().nanos(), 500'000'000);
  ASSERT_EQ(draft.errors.lines().size(), 1u);
  EXPECT_THAT(draft.errors.lines()[0],
              ::testing::HasSubstr("OTEL_BSP_SCHEDULE_DELAY: tracing.interval"));
}

TEST(EnvironmentOverlay, OpenTelemetrysVariablesGoBehindAFileOthersBeforeIt) {
  ConfigDraft draft;
  SetSetting(*ParsePath("tracing.service_name"), "f.yaml:1:1", "mine", draft);
  SetSetting(*ParsePath("pools.primary.max_size"), "f.yaml:2:1", "5", draft);
  OverlayEnvironment({{"OTEL_SERVICE_NAME", "theirs"}, {"POSTGRES_POOL_MAX", "6"}},
                     draft);
  EXPECT_EQ(draft.loaded.config.tracing().service_name(), "mine");
  EXPECT_EQ(draft.loaded.config.pools().primary().max_size(), 6u);

  OverlayEnvironment(
      {{"OTEL_SERVICE_NAME", "theirs"}, {"PGSLUICE_TRACING_SERVICE_NAME", "ours"}},
      draft);
  EXPECT_EQ(draft.loaded.config.tracing().service_name(), "ours");
}

TEST(EnvironmentOverlay, LeavesTheClientsVariablesAndEmptyOnesAlone) {
  const ConfigDraft draft = Overlaid({{"PGSLUICE_ADDR", "localhost:7432"},
                                      {"PGSLUICE_TOKEN", "secret"},
                                      {"PGSLUICE_CONFIG", "x.yaml"},
                                      {"PGSLUICE_LOG_LEVEL", ""},
                                      {"PGSLUICE_ZEBRA", ""},
                                      {"HOME", "/root"}});

  EXPECT_THAT(draft.errors.lines(), IsEmpty());
  EXPECT_FALSE(draft.loaded.config.log().has_level());
}

TEST(EnvironmentOverlay, OtherVariablesSetBothPoolsAndOursOverride) {
  const ConfigDraft draft = Overlaid({{"POSTGRES_POOL_MIN", "3"},
                                      {"POSTGRES_POOL_MAX", "30"},
                                      {"PGSLUICE_POOLS_REPLICA_MAX_SIZE", "40"}});

  const config::v1::Pools& pools = draft.loaded.config.pools();
  EXPECT_EQ(pools.primary().min_size(), 3u);
  EXPECT_EQ(pools.replica().min_size(), 3u);
  EXPECT_EQ(pools.primary().max_size(), 30u);
  EXPECT_EQ(pools.replica().max_size(), 40u);
  EXPECT_EQ(draft.loaded.origins.at("pools.primary.max_size"), "POSTGRES_POOL_MAX");
}

TEST(EnvironmentOverlay, FillsListsInOrderOfTheirNumbers) {
  Environment environment;
  for (int i = 0; i < 12; ++i) {
    environment["PGSLUICE_ENDPOINTS_" + std::to_string(i) + "_CONNINFO"] =
        "host=db" + std::to_string(i);
  }

  const ConfigDraft draft = Overlaid(environment);

  EXPECT_THAT(draft.errors.lines(), IsEmpty());
  ASSERT_EQ(draft.loaded.config.endpoints_size(), 12);
  EXPECT_EQ(draft.loaded.config.endpoints(11).conninfo(), "host=db11");
}

TEST(EnvironmentOverlay, RefusesGapsInLists) {
  const ConfigDraft draft = Overlaid({{"PGSLUICE_ENDPOINTS_1_CONNINFO", "host=db"}});

  EXPECT_THAT(
      draft.errors.lines(),
      ElementsAre("PGSLUICE_ENDPOINTS_1_CONNINFO: endpoints[1].conninfo: leaves a gap "
                  "in the list; number its elements from 0 without holes"));
}

TEST(EnvironmentOverlay, LeavesWhatKubernetesAddsForServicesAlone) {
  const std::string url = "tcp://10.0.0.1:7432";
  const Environment links = {{"PGSLUICE_SERVICE_HOST", "10.0.0.1"},
                             {"PGSLUICE_SERVICE_PORT", "7432"},
                             {"PGSLUICE_SERVICE_PORT_GRPC", "7432"},
                             {"PGSLUICE_PORT", url},
                             {"PGSLUICE_PORT_7432_TCP", url},
                             {"PGSLUICE_PORT_7432_TCP_PROTO", "tcp"},
                             {"PGSLUICE_PORT_7432_TCP_PORT", "7432"},
                             {"PGSLUICE_PORT_7432_TCP_ADDR", "10.0.0.1"},
                             {"PGSLUICE_ADMIN_SERVICE_HOST", "10.0.0.2"},
                             {"PGSLUICE_ADMIN_PORT_7433_TCP", url}};

  EXPECT_THAT(Overlaid(links).errors.lines(), IsEmpty());
  EXPECT_FALSE(IsServiceLink("PGSLUICE_PORT", "7432"));
  EXPECT_FALSE(IsServiceLink("PGSLUICE_SERVER_PORT_X", "7432"));
}

TEST(EnvironmentOverlay, NoSettingLooksLikeAServiceLink) {
  for (const SettingPath& path : AllSettings()) {
    EXPECT_FALSE(IsServiceLink(VariableName(path), "tcp://x")) << PathText(path);
  }
}

}  // namespace
}  // namespace pgsluice
