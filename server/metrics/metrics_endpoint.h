// Serves metrics by HTTP to whoever scrapes them. They are collected when they are asked
// for, on the threads of the HTTP server. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

#include "server/metrics/family.h"

namespace pgsluice {

class MetricsEndpoint {
 public:
  // Listens on `address` ("0.0.0.0:9432"; port 0: any). `collect` is called by several
  // threads at a time, until the endpoint is gone.
  static absl::StatusOr<std::unique_ptr<MetricsEndpoint>> Start(
      const std::string& address, std::function<Families()> collect);
  virtual ~MetricsEndpoint() = default;

  virtual int port() const = 0;
};

}  // namespace pgsluice
