// Where a call was served, on the wire. Rules file.
#pragma once

#include <string_view>

#include "pgsluice/v1/query.pb.h"
#include "pool/endpoint.h"
#include "pool/endpoint_sight.h"

namespace pgsluice {

void RouteToProto(std::string_view endpoint, Role role, std::string_view reason,
                  const EndpointSight& sight, v1::Route& route);

}  // namespace pgsluice
