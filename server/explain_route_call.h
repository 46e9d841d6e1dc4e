// ExplainRoute: where a call would go, as a message.
#pragma once

#include <memory>

#include "asio/awaitable.hpp"

#include "pgsluice/v1/route.pb.h"
#include "pool/route_explanation.h"
#include "server/call_environment.h"
#include "server/rpc.h"

namespace pgsluice {

using ExplainRouteCall = UnaryCall<v1::ExplainRouteRequest, v1::ExplainRouteResponse>;

asio::awaitable<void> ServeExplainRoute(std::shared_ptr<ExplainRouteCall> call,
                                        const CallEnvironment& environment);

v1::ExplainRouteResponse ToProto(const RouteExplanation& explanation,
                                 const RouteRequest& request, absl::Time now);

}  // namespace pgsluice
