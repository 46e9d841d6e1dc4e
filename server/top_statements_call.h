// TopStatements: the statistics of statements, as messages.
#pragma once

#include <memory>

#include "asio/awaitable.hpp"

#include "pgsluice/v1/top_statements.pb.h"
#include "server/call_environment.h"
#include "server/rpc.h"

namespace pgsluice {

using TopStatementsCall = UnaryCall<v1::TopStatementsRequest, v1::TopStatementsResponse>;

asio::awaitable<void> ServeTopStatements(std::shared_ptr<TopStatementsCall> call,
                                         const CallEnvironment& environment);

}  // namespace pgsluice
