#include "server/config/tracing_checks.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/config/load_config.h"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

absl::StatusOr<LoadedConfig> Loaded(std::vector<std::string> sets,
                                    Environment environment = {}) {
  ConfigSources sources;
  sources.sets = std::move(sets);
  sources.environment = std::move(environment);
  return LoadConfig(sources);
}

TEST(CollectorAddressTest, SaysWhereAndWhetherByTls) {
  struct Case {
    std::string_view text;
    CollectorAddress address;
  };
  const Case cases[] = {
      {"http://localhost:4317", {"localhost:4317", false}},
      {"https://a.example:443", {"a.example:443", true}},
      {"http://collector", {"collector:4317", false}},
      {"http://collector:1/", {"collector:1", false}},
      {"https://[::1]:4318", {"[::1]:4318", true}},
      {"https://[::1]", {"[::1]:4317", true}},
      {"http://10.0.0.1:65535", {"10.0.0.1:65535", false}},
  };
  for (const Case& c : cases) {
    const auto address = ParseCollectorAddress(c.text);
    ASSERT_TRUE(address.ok()) << c.text << ": " << address.status();
    EXPECT_EQ(*address, c.address) << c.text;
  }
}

TEST(CollectorAddressTest, RefusesWhatIsNone) {
  struct Case {
    std::string_view text;
    std::string_view why;
  };
  const Case cases[] = {
      {"localhost:4317", "has to begin with http://"},
      {"", "has to begin with http://"},
      {"grpc://localhost:4317", "has to begin with http://"},
      {"http://localhost:4318/v1/traces", "has a path"},
      {"http://", "no host and port"},
      {"http://:4317", "no host and port"},
      {"http://a:", "no host and port"},
      {"http://a:b", "no host and port"},
      {"http://a:65536", "no host and port"},
      {"http://a:123456", "no host and port"},
      {"http://user:secret@a:1", "no host and port"},
      {"http://a?b", "no host and port"},
      {"http://[::1", "no host and port"},
      {"http://[::1]x:1", "no host and port"},
  };
  for (const Case& c : cases) {
    const absl::Status status = ParseCollectorAddress(c.text).status();
    EXPECT_THAT(status.message(), HasSubstr(std::string(c.why))) << c.text;
    EXPECT_THAT(status.message(), Not(HasSubstr("secret"))) << c.text;
  }
}

TEST(NamedValuesTest, ReadsPairs) {
  struct Case {
    std::string_view text;
    NamedValues values;
  };
  const Case cases[] = {
      {"", {}},
      {"a=b", {{"a", "b"}}},
      {" a = b , c=d,", {{"a", "b"}, {"c", "d"}}},
      {"a=", {{"a", ""}}},
      {"a=b=c", {{"a", "b=c"}}},
      {"a=x%2Cy%3d%25", {{"a", "x,y=%"}}},
      {"a=Bearer%20x", {{"a", "Bearer x"}}},
  };
  for (const Case& c : cases) {
    const auto values = ParseNamedValues(c.text);
    ASSERT_TRUE(values.ok()) << c.text << ": " << values.status();
    EXPECT_EQ(*values, c.values) << c.text;
  }
}

TEST(NamedValuesTest, RefusesOthersWithoutQuotingThem) {
  for (const std::string_view text :
       {"secret", "a=b,secret", "=secret", "a=secret%", "a=secret%2", "a=secret%zz"}) {
    const absl::Status status = ParseNamedValues(text).status();
    EXPECT_FALSE(status.ok()) << text;
    EXPECT_THAT(status.message(), Not(HasSubstr("secret"))) << text;
  }
}

TEST(HeadersTest, AreWhatHttpCanCarry) {
  EXPECT_EQ(*ParseHeaders("X-Tenant=a"), (NamedValues{{"x-tenant", "a"}}));
  for (const std::string_view text :
       {"a b=c", ":path=c", "a=%0a", "a=%c3%a4", "a%20=c", "trace-bin=c"}) {
    EXPECT_FALSE(ParseHeaders(text).ok()) << text;
  }
}

TEST(TracingChecksTest, OffUnlessThereIsACollector) {
  EXPECT_FALSE(TracesCalls(Loaded({})->config.tracing()));
  EXPECT_TRUE(TracesCalls(Loaded({"tracing.endpoint=http://a"})->config.tracing()));
  EXPECT_FALSE(
      TracesCalls(Loaded({"tracing.endpoint=http://a", "tracing.sampler=ALWAYS_OFF"})
                      ->config.tracing()));
  EXPECT_FALSE(
      TracesCalls(Loaded({"tracing.endpoint=http://a"}, {{"OTEL_SDK_DISABLED", "true"}})
                      ->config.tracing()));
}

TEST(TracingChecksTest, RefusesWhatDoesNotGoTogether) {
  struct Case {
    std::vector<std::string> sets;
    std::string why;
  };
  const Case cases[] = {
      {{"tracing.endpoint=a:4317"}, "tracing.endpoint: has to begin with http://"},
      {{"tracing.endpoint=http://a:4318", "tracing.protocol=http/protobuf"},
       "tracing.protocol: only grpc is spoken here"},
      {{"tracing.endpoint=http://a", "tracing.ca_file=ca"},
       "tracing.ca_file: tracing.endpoint begins with http://"},
      {{"tracing.endpoint=http://a", "tracing.cert_file=c", "tracing.key_file=k"},
       "tracing.cert_file: tracing.endpoint begins with http://"},
      {{"tracing.endpoint=https://a", "tracing.cert_file=c"},
       "tracing.cert_file: cert_file and key_file go together"},
      {{"tracing.endpoint=https://a", "tracing.key_file=k"},
       "tracing.cert_file: cert_file and key_file go together"},
      {{"tracing.endpoint=http://a", "tracing.headers=a=b", "tracing.headers_file=f"},
       "tracing.headers_file: headers is given, too"},
      {{"tracing.endpoint=http://a", "tracing.headers=a"}, "tracing.headers: expected"},
      {{"tracing.endpoint=http://a", "tracing.resource_attributes=a"},
       "tracing.resource_attributes: expected"},
      {{"tracing.sampler_argument=1.5"}, "tracing.sampler_argument"},
      {{"tracing.sampler=sometimes"}, "tracing.sampler"},
  };
  for (const Case& c : cases) {
    EXPECT_THAT(Loaded(c.sets).status().message(), HasSubstr(c.why)) << c.why;
  }
}

TEST(TracingChecksTest, NothingIsLookedAtWhileItIsOff) {
  const Environment elsewhere = {
      {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318/v1/traces"},
      {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"}};
  EXPECT_FALSE(Loaded({}, elsewhere).ok());
  EXPECT_TRUE(Loaded({"tracing.disabled=true"}, elsewhere).ok());
  EXPECT_TRUE(Loaded({}, {{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"}}).ok());
}

TEST(TracingChecksTest, HeadersAreSecret) {
  const auto loaded = Loaded({"tracing.headers=secret"});
  // Not looked at, since there is no endpoint.
  EXPECT_TRUE(loaded.ok());
  EXPECT_THAT(
      Loaded({"tracing.endpoint=http://a", "tracing.headers=secret"}).status().message(),
      Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace pgsluice
