#include "client/cpp/cli/route_report.h"

#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "client/cpp/cli/display_width.h"

namespace pgsluice::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

v1::EndpointVerdict& Add(v1::ExplainRouteResponse& route, const std::string& name,
                         v1::Role role) {
  v1::EndpointVerdict& endpoint = *route.add_endpoints();
  endpoint.set_endpoint(name);
  endpoint.set_role(role);
  endpoint.set_weight(1);
  endpoint.set_eligible(true);
  return endpoint;
}

void Reject(v1::EndpointVerdict& endpoint, const std::string& rejection,
            const std::string& why) {
  endpoint.set_eligible(false);
  endpoint.set_rejection(rejection);
  endpoint.set_why(why);
}

v1::ExplainRouteResponse ReadRoute() {
  v1::ExplainRouteResponse route;
  route.set_endpoint("db-2.internal:5432");
  route.set_reason("read");
  Reject(Add(route, "db-1.internal:5432", v1::ROLE_PRIMARY), "other_role",
         "it is the primary, and reads go to replicas");
  v1::EndpointVerdict& good = Add(route, "db-2.internal:5432", v1::ROLE_REPLICA);
  good.set_in_flight(12);
  good.mutable_round_trip()->set_nanos(850'000);
  good.mutable_lag()->set_nanos(0);
  v1::EndpointVerdict& late = Add(route, "db-3.internal:5432", v1::ROLE_REPLICA);
  late.mutable_lag()->set_seconds(75);
  Reject(
      late, "lagging",
      "it is behind the primary for 1m15.25s by 123456789 bytes, or has not been within "
      "the bound for long enough");
  return route;
}

TEST(RouteReportTest, SaysWhereTheCallGoesAndWhatIsHeldAgainstEach) {
  const std::string report = RouteReport(ReadRoute());

  EXPECT_THAT(report, HasSubstr("the call goes to db-2.internal:5432 (read)\n"));
  EXPECT_THAT(report, HasSubstr("may serve"));
  EXPECT_THAT(report, HasSubstr("850us"));
  EXPECT_THAT(report, HasSubstr("db-1.internal:5432: it is the primary"));
  EXPECT_THAT(report, HasSubstr("db-3.internal:5432: it is behind"));
  EXPECT_THAT(report, Not(HasSubstr("db-2.internal:5432:")));
}

TEST(RouteReportTest, KeepsToEightyColumns) {
  const std::string report = RouteReport(ReadRoute());

  for (const std::string& line : std::vector<std::string>(absl::StrSplit(report, '\n'))) {
    EXPECT_LE(DisplayWidth(line), 80) << line;
  }
}

TEST(RouteReportTest, SaysWhyACallWaitsOrFails) {
  v1::ExplainRouteResponse route;
  route.set_problem("no endpoint accepts writes");
  EXPECT_THAT(RouteReport(route),
              HasSubstr("the call fails: no endpoint accepts writes"));

  route.set_waits(true);
  EXPECT_THAT(RouteReport(route), HasSubstr("the call waits: no endpoint"));
}

}  // namespace
}  // namespace pgsluice::cli
