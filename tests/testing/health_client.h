// grpc.health.v1.Health of a server, as a kubelet asks it. Thread-safe.
#pragma once

#include <grpcpp/support/status.h>
#include <memory>
#include <string>

#include "grpc/health/v1/health.grpc.pb.h"

namespace pgsluice::testing {

class HealthClient final {
 public:
  using ServingStatus = grpc::health::v1::HealthCheckResponse::ServingStatus;

  explicit HealthClient(int port);

  grpc::health::v1::Health::Stub& stub() { return *stub_; }
  // UNKNOWN when the call fails; `status`, if given, then says why.
  ServingStatus Check(const std::string& service, grpc::Status* status = nullptr);
  bool IsServing(const std::string& service);

 private:
  const std::unique_ptr<grpc::health::v1::Health::Stub> stub_;
};

}  // namespace pgsluice::testing
