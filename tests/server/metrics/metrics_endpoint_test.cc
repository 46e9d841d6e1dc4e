#include "server/metrics/metrics_endpoint.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/metrics/to_prometheus.h"
#include "tests/testing/http.h"

namespace pgsluice {
namespace {

using testing::CallHttp;
using ::testing::HasSubstr;

constexpr absl::Duration kLimit = absl::Seconds(20);

Families Example() {
  Family histogram{.type = FamilyType::kHistogram,
                   .name = "h_seconds",
                   .labels = {"pool", "backend"},
                   .help = "How long"};
  DurationHistogram durations;
  durations.Add(absl::Milliseconds(500));
  durations.Add(absl::Seconds(90));
  histogram.Add({"primary", "a \"quoted\"\\\n name"}, durations);
  return {Counter("c_total", "How many", 9007199254740993.0), histogram,
          Family{.name = "empty", .labels = {"x"}, .help = "Nothing yet"}};
}

TEST(MetricsEndpoint, ServesWhatIsCollectedWhenItIsAskedFor) {
  int scrapes = 0;
  auto endpoint = MetricsEndpoint::Start("127.0.0.1:0", [&scrapes] {
    return Families{Counter("scrapes_total", "How often", ++scrapes)};
  });
  ASSERT_TRUE(endpoint.ok()) << endpoint.status();
  ASSERT_GT((*endpoint)->port(), 0);

  EXPECT_EQ(scrapes, 0);
  for (int i = 1; i <= 2; ++i) {
    const auto answer = CallHttp((*endpoint)->port(), "GET", "/metrics", "", kLimit);
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->code, 200);
    EXPECT_THAT(answer->body, HasSubstr(absl::StrCat("\nscrapes_total ", i, "\n")));
  }
  const auto other = CallHttp((*endpoint)->port(), "GET", "/etc/passwd", "", kLimit);
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(other->code, 404);
}

TEST(MetricsEndpoint, WritesTheTextFormat) {
  auto endpoint = MetricsEndpoint::Start("127.0.0.1:0", Example);
  ASSERT_TRUE(endpoint.ok()) << endpoint.status();

  const auto answer = CallHttp((*endpoint)->port(), "GET", "/metrics", "", kLimit);

  ASSERT_TRUE(answer.ok()) << answer.status();
  const std::string labels = R"({pool="primary",backend="a \"quoted\"\\\n name")";
  for (const std::string& line :
       {std::string("# HELP c_total How many"), std::string("# TYPE c_total counter"),
        std::string("# TYPE h_seconds histogram"),
        std::string("# HELP empty Nothing yet"),
        absl::StrCat("h_seconds_count", labels, "} 2"),
        absl::StrCat("h_seconds_sum", labels, "} 90.5"),
        absl::StrCat("h_seconds_bucket", labels, R"(,le="0.25"} 0)"),
        absl::StrCat("h_seconds_bucket", labels, R"(,le="0.5"} 1)"),
        absl::StrCat("h_seconds_bucket", labels, R"(,le="60"} 1)"),
        absl::StrCat("h_seconds_bucket", labels, R"(,le="+Inf"} 2)")}) {
    EXPECT_THAT(answer->body, HasSubstr(line + "\n"));
  }
}

TEST(MetricsEndpoint, SaysWhichAddressItCannotHave) {
  auto first = MetricsEndpoint::Start("127.0.0.1:0", Example);
  ASSERT_TRUE(first.ok()) << first.status();
  const std::string taken = absl::StrCat("127.0.0.1:", (*first)->port());

  const auto second = MetricsEndpoint::Start(taken, Example);

  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(taken));
}

}  // namespace
}  // namespace pgsluice
