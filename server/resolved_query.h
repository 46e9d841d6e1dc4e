// A Query whose outcome can be found out should its session be lost: run as a transaction
// of one statement.
#pragma once

#include "absl/status/status.h"
#include "asio/awaitable.hpp"

#include "server/admitted_statement.h"
#include "server/query_call.h"

namespace pgsluice {

// `admitted` must outlive it.
asio::awaitable<absl::Status> RunResolvedQuery(QueryCall& call,
                                               const CallEnvironment& environment,
                                               const AdmittedStatement& admitted,
                                               v1::QueryResponse& response);

}  // namespace pgsluice
