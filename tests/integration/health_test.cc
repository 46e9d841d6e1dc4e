// Health: for probes, for watchers, and in detail.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

#include "tests/testing/live_test.h"

namespace pgsluice::testing {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

constexpr char kService[] = "pgsluice.v1.GatewayService";
const std::vector<std::string>& Names() {
  static const std::vector<std::string> names = {
      "", "liveness", "readiness", "startup", "pool.primary", "pool.replica", kService};
  return names;
}

// One Watch stream.
class Watch final {
 public:
  Watch(HealthClient& client, const std::string& service) {
    SetDeadline(context_, absl::Seconds(30));
    HealthCheckRequest request;
    request.set_service(service);
    reader_ = client.stub().Watch(&context_, request);
  }
  ~Watch() {
    context_.TryCancel();
    reader_->Finish();
  }
  // The next status; UNKNOWN when the stream is over.
  HealthCheckResponse::ServingStatus Next() {
    HealthCheckResponse response;
    return reader_->Read(&response) ? response.status() : HealthCheckResponse::UNKNOWN;
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<HealthCheckResponse>> reader_;
};

class HealthTest : public LiveTest {};

TEST_F(HealthTest, EveryNameIsServingOnBothPorts) {
  StartGateway();
  HealthClient main_port(gateway().port());

  for (const std::string& name : Names()) {
    SCOPED_TRACE(name);
    EXPECT_TRUE(WaitFor("it serves", [&] { return gateway().health().IsServing(name); }));
    EXPECT_TRUE(main_port.IsServing(name));
  }
}

TEST_F(HealthTest, AnUnknownNameIsNotFoundByCheckAndUnknownToWatch) {
  StartGateway();
  grpc::Status status;

  gateway().health().Check("nosuch", &status);
  Watch watch(gateway().health(), "nosuch");

  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(watch.Next(), HealthCheckResponse::SERVICE_UNKNOWN);
}

TEST_F(HealthTest, AnUnknownNameOfMegabytesIsNotSentBack) {
  StartGateway();
  grpc::Status status;

  gateway().health().Check(std::string(1 << 20, 'x'), &status);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_LT(status.error_message().size(), 200u);
}

TEST_F(HealthTest, WatchTellsOfEveryChange) {
  StartGateway();
  Watch watch(gateway().health(), "pool.replica");
  EXPECT_EQ(watch.Next(), HealthCheckResponse::SERVING);

  ASSERT_TRUE(cluster().server(1).Stop(StopMode::kFast).ok());
  EXPECT_EQ(watch.Next(), HealthCheckResponse::NOT_SERVING);

  ASSERT_TRUE(cluster().server(1).Start().ok());
  EXPECT_EQ(watch.Next(), HealthCheckResponse::SERVING);
}

TEST_F(HealthTest, WithoutThePrimaryReadinessEndsAndLivenessGoesOn) {
  StartGateway();

  ASSERT_TRUE(cluster().server(0).Stop(StopMode::kFast).ok());

  for (const std::string name : {"readiness", "pool.primary", kService}) {
    EXPECT_TRUE(WaitFor(absl::StrCat(name, " is not serving"), [&] {
      return gateway().health().Check(name) == HealthCheckResponse::NOT_SERVING;
    }));
  }
  EXPECT_TRUE(gateway().health().IsServing("liveness"));
  EXPECT_TRUE(gateway().health().IsServing(""));
  EXPECT_TRUE(gateway().health().IsServing("startup"));
  EXPECT_TRUE(gateway().health().IsServing("pool.replica"));
  ASSERT_TRUE(cluster().server(0).Start().ok());
  EXPECT_TRUE(gateway().IsReady());
  EXPECT_TRUE(
      WaitFor("writes are served", [&] { return client().Query("SELECT 1").ok(); }));
}

TEST_F(HealthTest, ReadinessMayRequireEveryEndpoint) {
  StartGateway({"readiness.require=ALL"});

  ASSERT_TRUE(cluster().server(1).Stop(StopMode::kFast).ok());

  EXPECT_TRUE(WaitFor("it is not ready", [&] {
    return gateway().health().Check("readiness") == HealthCheckResponse::NOT_SERVING;
  }));
  ASSERT_TRUE(cluster().server(1).Start().ok());
  EXPECT_TRUE(gateway().IsReady());
}

TEST_F(HealthTest, DetailsTellRoleTimelinePositionAndProbe) {
  StartGateway();

  const v1::HealthResponse health = client().Health();

  EXPECT_TRUE(health.ready());
  EXPECT_FALSE(health.draining());
  EXPECT_GE(health.topology_generation(), 1U);
  EXPECT_FALSE(health.version().empty());
  EXPECT_TRUE(health.has_uptime());
  ASSERT_EQ(health.endpoints_size(), 2);
  EXPECT_EQ(health.endpoints(0).endpoint(), "server0");
  EXPECT_EQ(health.endpoints(0).role(), v1::ROLE_PRIMARY);
  EXPECT_EQ(health.endpoints(1).role(), v1::ROLE_REPLICA);
  for (const v1::EndpointHealth& endpoint : health.endpoints()) {
    EXPECT_TRUE(endpoint.reachable());
    EXPECT_EQ(endpoint.timeline(), 1U);
    EXPECT_THAT(endpoint.lsn(), ::testing::MatchesRegex("[0-9A-F]+/[0-9A-F]+"));
    EXPECT_TRUE(endpoint.has_probe_age());
    EXPECT_TRUE(endpoint.has_probe_latency());
    EXPECT_EQ(endpoint.last_error(), "");
  }
  EXPECT_FALSE(health.endpoints(0).has_replay_lag());
}

TEST_F(HealthTest, DetailsTellWhyAnEndpointIsUnreachable) {
  StartGateway();

  ASSERT_TRUE(cluster().server(1).Stop(StopMode::kFast).ok());
  ASSERT_TRUE(SeesUnreachable(1));
  const v1::HealthResponse health = client().Health();
  ASSERT_TRUE(cluster().server(1).Start().ok());

  EXPECT_FALSE(health.endpoints(1).last_error().empty());
  EXPECT_TRUE(health.ready());
  EXPECT_TRUE(SeesRole(1, v1::ROLE_REPLICA));
}

}  // namespace
}  // namespace pgsluice::testing
