// Stubs of AdminService on a gateway's admin port.
#pragma once

#include <memory>
#include <string>

#include "pgsluice/v1/admin_service.grpc.pb.h"

namespace pgsluice::testing {

class AdminClient final {
 public:
  explicit AdminClient(int admin_port);

  grpc::Status Reload(v1::ReloadResponse& response);
  // Of one endpoint, or of all when `endpoint` is empty.
  grpc::Status Pause(const std::string& endpoint = "",
                     v1::PauseResponse* response = nullptr);
  grpc::Status Resume(const std::string& endpoint = "");
  grpc::Status Reconnect(const std::string& endpoint = "");

 private:
  const std::unique_ptr<v1::AdminService::Stub> stub_;
};

}  // namespace pgsluice::testing
