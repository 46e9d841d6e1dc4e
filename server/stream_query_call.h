// StreamQuery: one statement, its result in messages, at the reader's pace.
#pragma once

#include <memory>

#include "asio/awaitable.hpp"

#include "pgsluice/v1/query.pb.h"
#include "server/call_environment.h"
#include "server/rpc.h"

namespace pgsluice {

using StreamQueryCall = ServerStreamCall<v1::StreamQueryRequest, v1::StreamQueryResponse>;

asio::awaitable<void> ServeStreamQuery(std::shared_ptr<StreamQueryCall> call,
                                       const CallEnvironment& environment);

}  // namespace pgsluice
