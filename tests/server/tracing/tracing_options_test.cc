#include "server/tracing/tracing_options.h"

#include "gtest/gtest.h"

#include "server/config/load_config.h"

namespace pgsluice {
namespace {

using Kind = Sampler::Kind;

TracingOptions Options(std::vector<std::string> sets, Environment environment = {}) {
  ConfigSources sources;
  sources.sets = std::move(sets);
  sources.environment = std::move(environment);
  const absl::StatusOr<LoadedConfig> loaded = LoadConfig(sources);
  EXPECT_TRUE(loaded.ok()) << loaded.status();
  if (!loaded.ok()) return {};
  return TracingOptionsOf(loaded->config.tracing(), "1.2.3", "i1");
}

std::string ResourceOf(const TracingOptions& options, std::string_view name) {
  std::string found;
  for (const auto& [known, value] : options.origin.resource) {
    if (known != name) continue;
    EXPECT_EQ(found, "") << name << " is there twice";
    found = value;
  }
  return found;
}

TEST(TracingOptionsTest, TheDefaultsAreThoseOfOpenTelemetry) {
  const TracingOptions options = Options({});

  EXPECT_EQ(options.sampler.kind, Kind::kAlwaysOn);
  EXPECT_TRUE(options.sampler.is_parent_based);
  EXPECT_EQ(options.queue.max_spans, 2048u);
  EXPECT_EQ(options.queue.max_batch, 512u);
  EXPECT_EQ(options.queue.interval, absl::Seconds(5));
  EXPECT_EQ(options.exporter.timeout, absl::Seconds(10));
  EXPECT_EQ(options.exporter.give_up_after, absl::Seconds(30));
  EXPECT_EQ(ResourceOf(options, "service.name"), "pgsluice");
  EXPECT_EQ(ResourceOf(options, "service.version"), "1.2.3");
  EXPECT_EQ(ResourceOf(options, "service.instance.id"), "i1");
}

TEST(TracingOptionsTest, EverySamplerIsWhatItsNameSays) {
  struct Case {
    std::string name;
    Kind kind;
    bool is_parent_based;
  };
  const Case cases[] = {{"always_on", Kind::kAlwaysOn, false},
                        {"always_off", Kind::kAlwaysOff, false},
                        {"traceidratio", Kind::kTraceIdRatio, false},
                        {"parentbased_always_on", Kind::kAlwaysOn, true},
                        {"parentbased_always_off", Kind::kAlwaysOff, true},
                        {"parentbased_traceidratio", Kind::kTraceIdRatio, true}};
  for (const Case& c : cases) {
    const Sampler sampler = Options({}, {{"OTEL_TRACES_SAMPLER", c.name},
                                         {"OTEL_TRACES_SAMPLER_ARG", "0.25"}})
                                .sampler;
    EXPECT_EQ(sampler.kind, c.kind) << c.name;
    EXPECT_EQ(sampler.is_parent_based, c.is_parent_based) << c.name;
    EXPECT_EQ(sampler.ratio, 0.25) << c.name;
  }
}

TEST(TracingOptionsTest, OpenTelemetrysVariablesHold) {
  const TracingOptions options = Options(
      {}, {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://general:4317"},
           {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://collector"},
           {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"},
           {"OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20abc, x-tenant = a"},
           {"OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca.pem"},
           {"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/own.pem"},
           {"OTEL_EXPORTER_OTLP_CLIENT_KEY", "/general.key"},
           {"OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "/own.key"},
           {"OTEL_EXPORTER_OTLP_TIMEOUT", "1500"},
           {"OTEL_SERVICE_NAME", "gate"},
           {"OTEL_RESOURCE_ATTRIBUTES",
            "deployment.environment.name=test,service.name=other,"
            "service.instance.id=mine"},
           {"OTEL_BSP_SCHEDULE_DELAY", "250"},
           {"OTEL_BSP_EXPORT_TIMEOUT", "2000"},
           {"OTEL_BSP_MAX_QUEUE_SIZE", "100"},
           {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10"}});

  EXPECT_EQ(options.exporter.address,
            (CollectorAddress{.target = "collector:4317", .has_tls = true}));
  EXPECT_EQ(options.exporter.headers,
            (NamedValues{{"authorization", "Bearer abc"}, {"x-tenant", "a"}}));
  EXPECT_EQ(options.exporter.ca_file, "/ca.pem");
  EXPECT_EQ(options.exporter.cert_file, "/own.pem");
  EXPECT_EQ(options.exporter.key_file, "/own.key");
  EXPECT_EQ(options.exporter.timeout, absl::Milliseconds(1500));
  EXPECT_EQ(options.exporter.give_up_after, absl::Seconds(2));
  EXPECT_EQ(options.queue.interval, absl::Milliseconds(250));
  EXPECT_EQ(options.queue.max_spans, 100u);
  EXPECT_EQ(options.queue.max_batch, 10u);
  EXPECT_EQ(ResourceOf(options, "service.name"), "gate");
  EXPECT_EQ(ResourceOf(options, "service.instance.id"), "mine");
  EXPECT_EQ(ResourceOf(options, "deployment.environment.name"), "test");
}

TEST(TracingOptionsTest, TheServicesNameMayBeAnAttribute) {
  EXPECT_EQ(ResourceOf(Options({"tracing.resource_attributes=service.name=other"}),
                       "service.name"),
            "other");
}

}  // namespace
}  // namespace pgsluice
