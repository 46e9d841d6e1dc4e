// Transaction: a stream that is one PostgreSQL transaction.
#pragma once

#include <memory>

#include "asio/awaitable.hpp"

#include "pgsluice/v1/transaction.pb.h"
#include "server/call_environment.h"
#include "server/rpc.h"

namespace pgsluice {

using TransactionCall = BidiStreamCall<v1::TransactionRequest, v1::TransactionResponse>;

asio::awaitable<void> ServeTransaction(std::shared_ptr<TransactionCall> call,
                                       const CallEnvironment& environment);

}  // namespace pgsluice
