// ResolveTransaction: what became of a transaction that a caller names.
#pragma once

#include <memory>

#include "asio/awaitable.hpp"

#include "pgsluice/v1/transaction_outcome.pb.h"
#include "pool/commit_resolver.h"
#include "server/call_environment.h"
#include "server/rpc.h"

namespace pgsluice {

using ResolveTransactionCall =
    UnaryCall<v1::ResolveTransactionRequest, v1::ResolveTransactionResponse>;

asio::awaitable<void> ServeResolveTransaction(
    std::shared_ptr<ResolveTransactionCall> call, const CallEnvironment& environment);

// Asks `resolver` until shortly before the deadline of `call`, so that there is time for
// an answer. Resumes on the caller's executor.
asio::awaitable<Resolution> ResolveCommit(CommitResolver& resolver,
                                          CommitEvidence evidence,
                                          IfInProgress if_in_progress,
                                          const CallBase& call);

}  // namespace pgsluice
