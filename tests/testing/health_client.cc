#include "tests/testing/health_client.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace pgsluice::testing {
namespace {

constexpr absl::Duration kCheckLimit = absl::Seconds(5);

std::shared_ptr<grpc::Channel> MakeChannel(int port) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 50);
  return grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port),
                                   grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

HealthClient::HealthClient(int port)
    : stub_(grpc::health::v1::Health::NewStub(MakeChannel(port))) {}

HealthClient::ServingStatus HealthClient::Check(const std::string& service,
                                                grpc::Status* status) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kCheckLimit));
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(service);
  grpc::health::v1::HealthCheckResponse response;
  const grpc::Status result = stub_->Check(&context, request, &response);
  if (status != nullptr) *status = result;
  return result.ok() ? response.status() : grpc::health::v1::HealthCheckResponse::UNKNOWN;
}

bool HealthClient::IsServing(const std::string& service) {
  return Check(service) == grpc::health::v1::HealthCheckResponse::SERVING;
}

}  // namespace pgsluice::testing
