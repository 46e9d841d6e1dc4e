// Batch: many statements in one call.
#pragma once

#include <memory>

#include "asio/awaitable.hpp"

#include "pgsluice/v1/batch.pb.h"
#include "server/call_environment.h"
#include "server/rpc.h"

namespace pgsluice {

using BatchCall = UnaryCall<v1::BatchRequest, v1::BatchResponse>;

asio::awaitable<void> ServeBatch(std::shared_ptr<BatchCall> call,
                                 const CallEnvironment& environment);

}  // namespace pgsluice
