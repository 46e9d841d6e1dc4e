// Uses the installed package: asks a gateway that is not there, and reads the answer.
#include <cstdio>

#include "pgsluice/client.h"
#include "pgsluice/v1/gateway_service.grpc.pb.h"

int main() {
  using namespace pgsluice::client;
  ClientOptions options;
  options.when_unreachable = WhenUnreachable::kFailFast;
  options.max_attempts = 1;
  const Client client = Client::Connect("localhost:1", options);
  const auto result = client.Query("select $1::int", {5});
  std::printf("%s\n", result.status().ToString().c_str());
  return Error(result.status()).outcome() == pgsluice::v1::OUTCOME_NOT_STARTED ? 0 : 1;
}
