// grpc.health.v1: Check and Watch.
#pragma once

#include <memory>

#include "asio/awaitable.hpp"

#include "grpc/health/v1/health.pb.h"
#include "server/health_registry.h"
#include "server/rpc.h"

namespace pgsluice {

using CheckCall = UnaryCall<grpc::health::v1::HealthCheckRequest,
                            grpc::health::v1::HealthCheckResponse>;
using WatchCall = ServerStreamCall<grpc::health::v1::HealthCheckRequest,
                                   grpc::health::v1::HealthCheckResponse>;

asio::awaitable<void> ServeCheck(std::shared_ptr<CheckCall> call,
                                 const HealthRegistry& registry);
// State now and at each change, until the caller leaves or the server stops.
asio::awaitable<void> ServeWatch(std::shared_ptr<WatchCall> call,
                                 HealthRegistry& registry);

}  // namespace pgsluice
