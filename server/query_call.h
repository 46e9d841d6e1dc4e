// Query: one statement, its whole result in one message.
#pragma once

#include <memory>

#include "asio/awaitable.hpp"

#include "pgsluice/v1/query.pb.h"
#include "server/call_environment.h"
#include "server/rpc.h"

namespace pgsluice {

using QueryCall = UnaryCall<v1::QueryRequest, v1::QueryResponse>;

asio::awaitable<void> ServeQuery(std::shared_ptr<QueryCall> call,
                                 const CallEnvironment& environment);

}  // namespace pgsluice
