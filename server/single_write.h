// A Query that runs as a transaction of its own, an atomic batch of one statement: with
// an idempotency key, with settings of its caller, or so that what became of its COMMIT
// can be found out.
#pragma once

#include "absl/status/status.h"
#include "asio/awaitable.hpp"

#include "server/admitted_statement.h"
#include "server/query_call.h"

namespace pgsluice {

// Whether the caller asks for it, or its entry has settings, which need a transaction.
bool IsSingleWrite(const CallBase& call, const CallOptions& options);

// `admitted` must outlive it, and is left without its statement.
asio::awaitable<absl::Status> RunSingleWrite(QueryCall& call,
                                             const CallEnvironment& environment,
                                             AdmittedStatement& admitted,
                                             v1::QueryResponse& response);

}  // namespace pgsluice
