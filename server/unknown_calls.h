// Calls of methods that nobody serves: refused, and counted. On one shard.
#pragma once

#include <grpcpp/generic/async_generic_service.h>

#include "asio/awaitable.hpp"

#include "server/metrics/rpc_counters.h"
#include "server/shard.h"

namespace pgsluice {

// Until the server shuts down.
asio::awaitable<void> RefuseUnknownCalls(Shard& shard, grpc::AsyncGenericService& service,
                                         RpcCounters& counters);

}  // namespace pgsluice
