// Query with an idempotency key: runs as an atomic batch of one statement.
#pragma once

#include "asio/awaitable.hpp"

#include "server/admitted_statement.h"
#include "server/query_call.h"

namespace pgsluice {

asio::awaitable<absl::Status> RunIdempotentQuery(QueryCall& call,
                                                 const CallEnvironment& environment,
                                                 const AdmittedStatement& admitted,
                                                 v1::QueryResponse& response);

}  // namespace pgsluice
